//! What each format writes, byte for byte. `UPDATE_GOLDEN=1 cargo test -p report` writes the files anew.

use std::path::Path;

use report::text::Style;
use report::{Format, Report};

use crate::sample::{TOOL, ordinary};

fn is_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let at = std::iter::zip(golden.lines(), text.lines()).position(|(golden, line)| golden != line);
    let at = at.unwrap_or_else(|| golden.lines().count().min(text.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    assert!(golden == text, "{name}, line {}:\n  {}\nis now\n  {}", at + 1, line(&golden), line(text));
}

#[test]
fn every_format_writes_what_it_wrote_before() {
    for format in Format::ALL {
        let text = format.render(&TOOL, &ordinary(), Style::Plain);
        is_golden(&format!("ordinary.{}", format.extension()), &text);
        let text = format.render(&TOOL, &Report::default(), Style::Plain);
        is_golden(&format!("empty.{}", format.extension()), &text);
    }
}

#[test]
fn no_format_shows_a_credential() {
    for format in Format::ALL {
        let text = format.render(&TOOL, &ordinary(), Style::Plain);
        for secret in ["c2lnbmF0dXJl", "0123456789abcdef"] {
            assert!(!text.contains(secret), "{format}: {secret}");
        }
    }
}

#[test]
fn no_format_counts_what_could_not_be_tried_as_shut() {
    for (format, shown) in [
        (Format::Text, "9 checks: 2 open, 1 unknown, 3 could not be tried, 3 shut."),
        (Format::Markdown, "9 checks: 2 open, 1 unknown, 3 could not be tried, 3 shut."),
        (Format::Html, "open 2, unknown 1, could not be tried 3, shut 3"),
        (Format::Junit, r#"tests="11" failures="4" errors="1" skipped="3""#),
        (
            Format::Json,
            "\"counts\": {\n    \"open\": 2,\n    \"shut\": 3,\n    \"not_tried\": 3,\n    \"unknown\": 1",
        ),
        (Format::Sarif, "\"shut\": 3,\n          \"not_tried\": 3"),
    ] {
        let text = format.render(&TOOL, &ordinary(), Style::Plain);
        assert!(text.contains(shown), "{format}: {text}");
    }
}
