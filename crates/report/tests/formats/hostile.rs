//! Texts that try to break out, in every field of every format.

use proptest::prelude::*;
use report::text::Style;
use report::{Format, Report, html, junit, markdown, sarif};

use crate::markup;
use crate::sample::{TOOL, everywhere, ordinary};

const TEXTS: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "]]></failure><!-- &amp; &#0; &unknown;",
    "</style></title></textarea></pre></details>",
    "\u{0}\u{1b}[2J\u{7}\u{8}\u{b}\u{7f}\u{9b}31m\r\n\u{ffff}\u{fffe}",
    "\u{202e}gnp.exe\u{2066}\u{200f} שלום \u{feff}",
    "```\n~~~\n| a | b |\n<!-- @everyone #1 GH-2 javascript:alert(1) [x](http://evil.test) www.evil.test\n# h\n- [ ] x",
    "👩‍👩‍👧‍👦 🏴‍☠️ e\u{301} 𝔘𝔫𝔦",
    "%00 %ff \\u0000 {0} ${jndi:ldap://a} {{7*7}}",
    "",
    " \n\t ",
    "a:b.c d\u{a0}é\u{2028}",
];

/// The elements of a page without anything from outside; hostile ones add none.
const ELEMENTS: [&str; 43] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "a",
    "header",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "time",
    "main",
    "section",
    "div",
    "svg",
    "text",
    "rect",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "span",
    "article",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
    "pre",
    "code",
    "figure",
    "figcaption",
    "ul",
    "li",
    "bdi",
    "footer",
    "ol",
    "br",
];

fn check_html(report: &Report) {
    let text = html::report(&TOOL, report);
    let page = markup::html(&text);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    for element in &page.elements {
        assert!(ELEMENTS.contains(&element.name.as_str()), "<{}>", element.name);
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on") && name != "style" && name != "src", "{name}={value}");
            let is_link =
                value.starts_with('#') || value.starts_with("https://") || value.starts_with("http://");
            assert!(name != "href" || is_link, "{value}");
        }
    }
    let is_hidden =
        |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(is_hidden), "hidden characters");
    let ids: Vec<&String> = page.elements.iter().filter_map(|element| element.attributes.get("id")).collect();
    for element in &page.elements {
        for target in ["aria-labelledby", "href"].iter().filter_map(|name| element.attributes.get(*name)) {
            let is_known = |id: &str| ids.iter().filter(|known| *known == &id).count() == 1;
            match target.strip_prefix('#') {
                Some(id) => assert!(is_known(id), "{target}"),
                None => assert!(target.starts_with("http") || is_known(target), "{target}"),
            }
        }
    }
}

fn number(value: Option<&String>) -> usize {
    value.and_then(|value| value.parse().ok()).unwrap_or(usize::MAX)
}

/// What the schemas that Jenkins and GitLab are documented with have in common.
fn check_junit(report: &Report) {
    let text = junit::report(&TOOL, report);
    let xml = markup::xml(&text);
    assert!(xml.errors.is_empty(), "{:?}", xml.errors);
    let mut names = std::collections::HashSet::new();
    for element in &xml.elements {
        let (parent, needed, allowed): (&str, &[&str], &[&str]) = match element.name.as_str() {
            "testsuites" => ("", &["tests"], &["name", "tests", "failures", "errors", "skipped", "time"]),
            "testsuite" => (
                "testsuites",
                &["name", "tests"],
                &["name", "tests", "failures", "errors", "skipped", "time", "timestamp"],
            ),
            "testcase" => {
                ("testsuite", &["classname", "name"], &["classname", "name", "file", "line", "time"])
            }
            "failure" | "error" => ("testcase", &["message", "type"], &["message", "type"]),
            "skipped" => ("testcase", &["message"], &["message"]),
            "system-out" => ("testcase", &[], &[]),
            other => panic!("<{other}>"),
        };
        assert_eq!(element.parent, parent);
        assert!(needed.iter().all(|name| element.attributes.contains_key(*name)), "{element:?}");
        assert!(element.attributes.keys().all(|name| allowed.contains(&name.as_str())), "{element:?}");
        if element.name == "testcase" {
            let name = (element.attributes["classname"].clone(), element.attributes["name"].clone());
            assert!(names.insert(name), "twice: {element:?}");
        }
    }
    let totals = xml.all("testsuites").next().unwrap();
    for (attribute, element) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    {
        let sum: usize = xml.all("testsuite").map(|suite| number(suite.attributes.get(attribute))).sum();
        assert_eq!(number(totals.attributes.get(attribute)), sum, "{attribute}");
        assert_eq!(xml.all(element).count(), sum, "{attribute}");
    }
}

fn check_markdown(report: &Report) {
    for max in [markdown::COMMENT, 1_500] {
        let text = markdown::report(&TOOL, report, max);
        assert!(text.len() <= max, "{} of {max}", text.len());
        // Blocks of code are closed, and outside of them nothing is a tag, a mention or an address but ours.
        let mut fence: Option<String> = None;
        let mut unfolded = 0;
        for line in text.lines() {
            let run: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if *open == line => fence = None,
                Some(_) => {}
                None if run.len() >= 3 => fence = Some(run),
                None => {
                    unfolded += line.matches("<details>").count();
                    unfolded -= line.matches("</details>").count();
                    let ours = [
                        "<details>",
                        "</details>",
                        "<summary>",
                        "</summary>",
                        "<b>",
                        "</b>",
                        "<code>",
                        "</code>",
                    ];
                    let rest = ours.iter().fold(line.to_owned(), |rest, tag| rest.replace(tag, ""));
                    let rest: String = rest
                        .split("](<")
                        .enumerate()
                        .map(|(at, part)| {
                            if at == 0 {
                                part
                            } else {
                                part.split_once(">)").map_or("(not closed)", |(_, after)| after)
                            }
                        })
                        .collect();
                    assert!(!rest.contains(['<', '>']), "{line}");
                    assert!(
                        !rest.contains("@e") && !rest.contains("://") && !rest.contains("www."),
                        "{line}"
                    );
                }
            }
        }
        assert_eq!(fence, None, "a block of code is not closed: {text}");
        assert_eq!(unfolded, 0, "{text}");
    }
}

fn check_text(report: &Report) {
    let text = Format::Text.render(&TOOL, report, Style::Plain);
    assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{text:?}");
}

/// The parts of SARIF's schema that hostile texts could break.
fn check_sarif(report: &Report) {
    let log = sarif::log(&TOOL, report);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        let uri = result.pointer("/locations/0/physicalLocation/artifactLocation/uri").unwrap();
        let is_of_a_uri = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
        assert!(uri.as_str().unwrap().chars().all(is_of_a_uri), "{uri}");
    }
    for rule in rules {
        let tags: Vec<&str> =
            rule["properties"]["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        let unique: std::collections::HashSet<_> = tags.iter().collect();
        assert!(tags.len() <= 20 && unique.len() == tags.len() && tags[0] == "security");
    }
}

fn check_all(report: &Report) {
    check_html(report);
    check_junit(report);
    check_markdown(report);
    check_text(report);
    check_sarif(report);
}

#[test]
fn an_ordinary_report_and_an_empty_one_pass_all_checks() {
    check_all(&ordinary());
    check_all(&Report::default());
}

#[test]
fn hostile_texts_stay_text_in_every_field_of_every_format() {
    for text in TEXTS {
        check_all(&everywhere(text));
    }
}

#[test]
fn very_long_texts_are_cut_with_a_note() {
    let report = everywhere(&"<é@`|&".repeat(20_000));
    check_all(&report);
    for format in Format::ALL {
        let text = format.render(&TOOL, &report, Style::Plain);
        assert!(text.len() < 1_000_000, "{format}: {}", text.len());
        assert!(text.contains("left out"), "{format}");
    }
}

#[test]
fn a_comment_of_many_findings_is_bounded_and_says_what_it_left_out() {
    let mut report = ordinary();
    report.findings = std::iter::repeat_n(report.findings.clone(), 500).flatten().collect();
    let text = markdown::report(&TOOL, &report, markdown::COMMENT);
    assert!(text.len() <= markdown::COMMENT);
    assert!(text.trim_end().ends_with("The other formats have them all.*"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_stays_text(text in any::<String>()) {
        check_all(&everywhere(&text));
    }

    #[test]
    fn any_markup_stays_text(text in "[<>&\"'`|@#\\[\\]()!/:*_~a-c\\-\n\r\t\u{0}\u{1b}\u{202e}]{0,60}") {
        check_all(&everywhere(&text));
    }
}
