//! Attacks of the corpus, rewritten to get past a filter, are still refused.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use detect::Confidence;

fn is_refused(value: &[u8]) -> bool {
    detect::inspect(value, 3, &detect::ALL).is_some_and(|found| found.confidence == Confidence::High)
}

/// The attacks of a class that are refused unchanged.
fn attacks(class: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(class).join("attack.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let values =
        lines.map(|line| line.replace('␊', "\n").replace('␍', "\r").replace('␉', "\t").replace('␀', "\0"));
    values.filter(|value| is_refused(value.as_bytes())).collect()
}

const CLASSES: [&str; 13] = [
    "code",
    "headers",
    "html",
    "ldap",
    "lookup",
    "nosql",
    "path",
    "serialized",
    "shell",
    "sql",
    "ssrf",
    "template",
    "xml",
];

/// Mutates the attacks of some classes; returns how many there are, and which pass.
fn passed(classes: &[&str], mutate: impl Fn(&str) -> Option<Vec<u8>>) -> (usize, Vec<String>) {
    let (mut count, mut passed) = (0, Vec::new());
    for class in classes {
        for attack in attacks(class) {
            let Some(mutated) = mutate(&attack) else { continue };
            count += 1;
            if !is_refused(&mutated) {
                passed.push(format!("{class}: {attack:?} as {:?}", String::from_utf8_lossy(&mutated)));
            }
        }
    }
    (count, passed)
}

fn percent(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect()
}

#[test]
fn encodings_of_a_whole_value_hide_nothing() {
    type Encoding = (&'static str, fn(&str) -> Option<Vec<u8>>);
    // Not if it is encoded already, which would be too deep.
    fn plain(text: &str) -> Option<&str> {
        (!text.contains(['%', '\\', '&'])
            && text.len() > 8
            && text.contains(|c: char| c.is_ascii_punctuation()))
        .then_some(text)
    }
    let encodings: [Encoding; 6] = [
        ("percent", |text| Some(percent(text.as_bytes()))),
        ("percent, twice", |text| plain(text).map(|text| percent(&percent(text.as_bytes())))),
        ("entities", |text| {
            let text = plain(text)?;
            Some(
                text.bytes()
                    .map(|b| {
                        if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("&#{b};") }
                    })
                    .collect::<String>()
                    .into_bytes(),
            )
            .filter(|_| text.is_ascii())
        }),
        ("escapes", |text| {
            let text = plain(text)?;
            Some(
                text.bytes()
                    .map(|b| {
                        if b.is_ascii_alphanumeric() {
                            char::from(b).to_string()
                        } else {
                            format!("\\u{b:04x}")
                        }
                    })
                    .collect::<String>()
                    .into_bytes(),
            )
            .filter(|_| text.is_ascii())
        }),
        ("Base64", |text| {
            plain(text)
                .filter(|text| text.is_ascii() && !text.contains('\0'))
                .map(|text| STANDARD.encode(text).into_bytes())
        }),
        ("Base64 for URLs", |text| {
            plain(text)
                .filter(|text| text.is_ascii() && !text.contains('\0'))
                .map(|text| URL_SAFE_NO_PAD.encode(text).into_bytes())
        }),
    ];
    for (name, encode) in encodings {
        let (count, passed) = passed(&CLASSES, encode);
        assert!(count > 300, "{name}: {count}");
        assert!(passed.is_empty(), "{name}: {} of {count}: {passed:#?}", passed.len());
    }
}

#[test]
fn the_case_of_letters_changes_nothing() {
    let odd = |text: &str| {
        // In case-sensitive formats it is no attack any more.
        let literal = [
            "rO0", "O:", "C:1", "cos\n", "csub", "gAS", "AAEAAAD", "BAhv", "JyBv", "MSB1", "PHNj", "Li4v",
            "aHR0", "&apos", "&sol", "+AD",
        ];
        (!literal.iter().any(|part| text.contains(part))).then(|| {
            text.bytes()
                .enumerate()
                .map(|(at, b)| if at % 2 == 0 { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() })
                .collect()
        })
    };
    let (count, passed) = passed(&["sql", "html", "path", "ssrf", "xml", "headers", "lookup"], odd);
    assert!(count > 400 && passed.is_empty(), "{} of {count}: {passed:#?}", passed.len());
}

#[test]
fn sql_whitespace_changes_nothing() {
    for space in ["\t", "\n", "\u{b}", "\r\n", "  ", "/**/", "/*x*/", "/*!*/"] {
        let spaced = |text: &str| {
            text.contains(' ')
                .then(|| text.replace("-- ", "--+").replace(' ', space).replace("--+", "-- ").into_bytes())
        };
        let (count, passed) = passed(&["sql"], spaced);
        assert!(count > 100 && passed.is_empty(), "{space:?}: {} of {count}: {passed:#?}", passed.len());
    }
}

#[test]
fn equivalent_operators_change_nothing() {
    for (one, other) in [
        ("1=1", "2=2"),
        ("1=1", "1<2"),
        ("1=1", "'a'='a'"),
        ("1=1", "1 like 1"),
        ("1=1", "3 between 1 and 5"),
        ("1=1", "not 1=2"),
        ("1=1", "1<>2"),
        ("1=1", "1 in (1,2)"),
        ("1=1", "(1)=(1)"),
        ("1=1", "0x1=1"),
        ("1=1", "1.0=1e0"),
        ("1=1", "true"),
        ("sleep(5)", "benchmark(9999999,md5(1))"),
        ("sleep(5)", "pg_sleep(5)"),
        ("null", "@@version"),
        ("users", "`users`"),
        ("alert(1)", "prompt(1)"),
        ("alert(1)", "confirm`1`"),
        ("alert(1)", "(alert)(1)"),
        ("alert(1)", "window['alert'](1)"),
        ("alert(1)", "eval(atob('YWxlcnQoMSk='))"),
        ("cat /etc/passwd", "head -5 /etc/passwd"),
        ("cat /etc/passwd", "c\\at /etc/passwd"),
        ("cat /etc/passwd", "/bin/c?t /etc/passwd"),
        ("cat /etc/passwd", "cat${IFS}/etc/passwd"),
        ("127.0.0.1", "2130706433"),
        ("127.0.0.1", "0x7f.1"),
        ("127.0.0.1", "127.1"),
        ("../", "..\\"),
        ("7*7", "7+7"),
        ("7*7", "49*1"),
    ] {
        // Within a word, an IPv6 address or a device name it is something else.
        let stands = |text: &str| {
            text.match_indices(one).all(|(at, _)| {
                let (before, after) = (text.get(..at).unwrap(), text.get(at + one.len()..).unwrap());
                let goes_on = one.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_'));
                let more = one.ends_with(|c: char| c.is_ascii_alphabetic())
                    && after.starts_with(|c: char| c.is_ascii_alphabetic());
                !goes_on && !more && !before.ends_with("/dev/")
            })
        };
        let replaced = |text: &str| {
            (text.contains(one) && text.is_ascii() && stands(text))
                .then(|| text.replace(one, other).into_bytes())
        };
        let (_, passed) = passed(&["sql", "html", "shell", "ssrf", "path", "template"], replaced);
        assert!(passed.is_empty(), "{one} as {other}: {passed:#?}");
    }
}

#[test]
fn padding_hides_nothing() {
    let gap = " ".repeat(2000);
    let lines = "\n".repeat(500);
    let terms = "+1".repeat(400);
    let parts = ["' or 1=1 -- ", "a", "b"].map(|part| format!("\"{part}\"")).join(",");
    let strings = format!("[{}{parts}]", "\"plain text\",".repeat(200));
    let attributes = " a".repeat(300);
    for attack in [
        format!("x;{gap}cat /etc/passwd"),
        format!("x;{lines}cat /etc/passwd"),
        format!("x$({gap}id)"),
        format!("x;c{}at /etc/passwd", "''".repeat(60)),
        format!("$(cat /etc/passwd # {})", "a".repeat(400)),
        format!("{{{{{gap}7*7{gap}}}}}"),
        format!("{{{{ '{}'.__class__ }}}}", "a".repeat(2000)),
        format!("1{terms} union select password from users"),
        format!("1{terms} or 1=1"),
        format!("1{terms};drop table users"),
        format!("1{terms} and sleep(5)"),
        format!("1{} union{}select{gap}password{gap}from{gap}users", gap, lines),
        strings,
        format!("<img{attributes} src=x onerror=alert(1)>"),
        format!("<a title='\"><img{attributes} src=x onerror=alert(1)>"),
        format!("{}\r\nSet-Cookie: a=b", "a".repeat(400)),
        format!("a\r\n{}Set-Cookie: a=b", "Other: thing\r\n".repeat(20)),
        format!("{}{}", "-- x\n".repeat(2000), "1 union select password from users"),
    ] {
        assert!(is_refused(attack.as_bytes()), "{attack}");
    }
}

/// A megabyte neither takes long nor exhausts the stack.
#[test]
fn repeated_pieces_are_read_to_the_end() {
    for piece in [
        "--\n", "::a", "(", "not ", ";", "\n", " ", "' or ", "/*", "<a b=", "{{", "[", "\"a\",", "or a ",
        "' or a", "1 or 1 ",
    ] {
        let value = piece.repeat(1024 * 1024 / piece.len());
        let _ = detect::inspect(format!("[{value}]").as_bytes(), 3, &detect::ALL);
    }
}
