//! From an event to its setting: what would allow on a route what a rule refuses there.
//!
//! Every rule of a door has its place in `rules`. `allow_with` of an event is made from it: a piece of `doorward.toml`.

mod rules;

use std::borrow::Cow;

use policy::BuiltInDoor;

use crate::events::Verdict;
use crate::events::evidence::Evidence;
use rules::{Allowing, RULES};

/// Where something was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The name of the route.
    pub(crate) route: &'a str,
    /// The path, or the template of the document that it is of.
    pub(crate) path: &'a str,
    /// The origin that asks.
    pub(crate) origin: Option<&'a str>,
}

/// The setting that would allow what was refused there, as it is written in `doorward.toml`. `None` for what was not
/// refused, and for what nothing allows.
pub(crate) fn allow_with(
    (door, rule): (&str, &str),
    verdict: Verdict,
    evidence: &Evidence,
    place: Place<'_>,
) -> Option<String> {
    if !matches!(verdict, Verdict::Refused | Verdict::WouldRefuse) {
        return None;
    }
    let allowing = of(door, rule);
    debug_assert!(
        allowing.is_some() || BuiltInDoor::ALL.iter().all(|known| known.name() != door),
        "the rule {rule} of the door {door} is missing in guard/src/events/allowing/rules.rs"
    );
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let route = |setting: &str| format!("[[route]]\npath = {}\n{setting}", text(&place.template()));
    let observe = || route(&format!("doors = {{ {door} = \"observe\" }}"));
    let detector = || route(&format!("detectors = {{ {rule} = \"off\" }}"));
    Some(match allowing? {
        Allowing::Route(setting) => route(setting),
        Allowing::Table(table, setting) => format!("[{table}]\n{setting}"),
        Allowing::Observe => observe(),
        // A long name is cut in the evidence.
        Allowing::Exempt => match evidence.parameter.as_deref().filter(|name| !name.ends_with('…')) {
            Some(name) => route(&format!("exempt = [{}]", text(name))),
            None => detector(),
        },
        Allowing::Detector => detector(),
        Allowing::Origin => match place.origin.filter(|origin| *origin != "null") {
            Some(origin) => format!("[cors]\norigins = [{}]", text(origin)),
            None => observe(),
        },
        Allowing::TooLarge => match evidence.reason.as_ref() {
            reason if reason.contains("max_decoded_body") => {
                "[protocol]\nmax_decoded_body = \"64 MiB\"".into()
            }
            reason if reason.contains("max_login_body") => "[protocol]\nmax_login_body = \"64 KiB\"".into(),
            _ => route("max_body = \"4 GiB\""),
        },
        Allowing::Never(_) => return None,
    })
}

fn of(door: &str, rule: &str) -> Option<Allowing> {
    let known =
        RULES.iter().find(|(of, name, _)| *of == door && *name == rule).map(|(_, _, allowing)| *allowing);
    let is_detector = || door == BuiltInDoor::Injection.name() && detect::Class::from_name(rule).is_some();
    known.or_else(|| is_detector().then_some(Allowing::Exempt))
}

impl<'a> Place<'a> {
    /// The template of a route for it.
    fn template(self) -> Cow<'a, str> {
        const LONGEST: usize = 256;
        let path = if self.route.starts_with('/') { self.route } else { self.path };
        match path.starts_with('/') && path.len() <= LONGEST {
            true if path == self.route => path.into(),
            true => with_names(path),
            false => "/**".into(),
        }
    }
}

/// A path with names in place of ids, which are others the next time.
fn with_names(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(is_id) {
        return path.into();
    }
    let mut count = 0;
    let segments = path.split('/').map(|segment| match is_id(segment) {
        true => {
            count += 1;
            if count == 1 { "{id}".to_owned() } else { format!("{{id{count}}}") }
        }
        false => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/").into()
}

/// Whether a segment is a number, a UUID, a hash, or another name that nobody gave.
fn is_id(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let is_hash = || segment.len() >= 16 && segment.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let is_random = || {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        segment.len() >= 20 && segment.bytes().all(is_plain) && digits * 8 >= segment.len()
    };
    digits > 0 && (digits == segment.len() || is_hash() || is_random())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::wire::framing::FramingError;

    const PLACE: Place<'_> = Place { route: "*", path: "/orders/{id}", origin: Some("https://app.example") };

    fn allowed(door: &str, rule: &str, evidence: &Evidence) -> Option<String> {
        allow_with((door, rule), Verdict::Refused, evidence, PLACE)
    }

    /// A policy in which any setting makes sense.
    fn loads(setting: &str) -> Result<(), String> {
        let inputs = policy::Inputs { text: Some(setting.into()), ..Default::default() };
        policy::load(&inputs).map(drop).map_err(|error| error.lines())
    }

    #[test]
    fn ids_in_a_path_become_names() {
        for (path, template) in [
            ("/orders/7/lines/12", "/orders/{id}/lines/{id2}"),
            (
                "/v2/team/built/blobs/uploads/c0c8144e-b16e-4e0e-807e-bf0bf53bdf3a",
                "/v2/team/built/blobs/uploads/{id}",
            ),
            ("/o/01a21704c4850f2e6db086076ccbb5ee", "/o/{id}"),
            ("/o/V1StGXR8_Z5jdHi6B-myT2", "/o/{id}"),
            ("/v1/users/me", "/v1/users/me"),
            (
                "/api/2024-reports/create-a-new-report-for-everybody",
                "/api/2024-reports/create-a-new-report-for-everybody",
            ),
        ] {
            let place = Place { route: "*", path, origin: None };
            assert_eq!(place.template(), template);
        }
        let place = Place { route: "/orders/7", path: "/orders/7", origin: None };
        assert_eq!(place.template(), "/orders/7", "a route is named as it is written");
    }

    #[test]
    fn every_rule_names_a_setting_that_the_policy_takes_or_a_reason() {
        for (door, rule, allowing) in RULES {
            assert!(
                BuiltInDoor::ALL.iter().any(|known| known.name() == *door) || *door == "admission",
                "{door}"
            );
            match (allowing, allowed(door, rule, &Evidence::default())) {
                (Allowing::Never(reason), None) => assert!(reason.len() > 10, "{rule}"),
                (_, Some(setting)) => {
                    loads(&setting).unwrap_or_else(|error| unreachable!("{door} {rule}: {setting}\n{error}"));
                }
                other => unreachable!("{door} {rule}: {other:?}"),
            }
        }
        let names: BTreeSet<_> = RULES.iter().map(|(door, rule, _)| (door, rule)).collect();
        assert_eq!(names.len(), RULES.len(), "a rule is listed twice");
    }

    /// The rules that the text of this crate names where it makes refusals.
    fn rules_in(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rules_in(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let text = code.collect::<Vec<_>>().join("\n");
                for call in ["Refusal::new(", "refuse(", "refusal(", "failed(", "unreadable("] {
                    for (at, _) in text.match_indices(call) {
                        let (_, rest) = text.split_at(at + call.len());
                        let statement = rest.split(';').next().unwrap();
                        // What ends a function ends its last expression.
                        let arguments = statement.split("\n}").next().unwrap();
                        let rule = arguments.split('"').nth(1).filter(|_| {
                            arguments.find("format!").is_none_or(|at| arguments.find('"') < Some(at))
                        });
                        let is_rule = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
                        found.extend(rule.filter(is_rule).filter(|name| !name.is_empty()).map(str::to_owned));
                    }
                }
            }
        }
    }

    #[test]
    fn no_rule_is_missing() {
        let mut found = BTreeSet::new();
        rules_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 30, "{found:?}");
        let known: BTreeSet<&str> = RULES.iter().map(|(_, rule, _)| *rule).collect();
        let missing: Vec<_> = found.iter().filter(|rule| !known.contains(rule.as_str())).collect();
        assert!(missing.is_empty(), "missing in guard/src/events/allowing/rules.rs: {missing:?}");
        for error in [FramingError::Tls, FramingError::TooLarge, FramingError::Chunk, FramingError::Host] {
            assert!(of("protocol", error.rule()).is_some(), "{error:?}");
        }
        for class in detect::ALL {
            assert!(of("injection", class.name()).is_some(), "{}", class.name());
        }
    }

    #[test]
    fn the_page_on_refusals_has_every_rule_in_the_section_of_its_door() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/refused.md");
        let page = std::fs::read_to_string(page).unwrap();
        let section = |door: &str| {
            let title = if door == "admission" { "Connections" } else { door };
            let (_, rest) = page.split_once(&format!("\n### {title}\n")).unwrap();
            rest.split("\n## ").next().unwrap().split("\n### ").next().unwrap()
        };
        let classes = detect::ALL.iter().map(|class| (BuiltInDoor::Injection.name(), class.name()));
        for (door, rule) in RULES.iter().map(|(door, rule, _)| (*door, *rule)).chain(classes) {
            assert!(
                section(door).contains(&format!("`{rule}`")),
                "{door}: {rule} is missing in docs/refused.md"
            );
        }
    }

    #[test]
    fn an_input_is_exempted_by_its_name_and_what_has_none_by_its_detector() {
        let named = |name: &str| Evidence { parameter: Some(name.into()), ..Evidence::default() };
        let at = |place: &'static str| Evidence { place: Some(place.into()), ..Evidence::default() };
        let long = named(&format!("{}…", "a".repeat(120)));
        for (rule, evidence, expected) in [
            ("sql", named("q"), "exempt = [\"q\"]"),
            ("sql", named("a\"b\n"), "exempt = [\"a\\\"b\\n\"]"),
            ("sql", named("stream"), "exempt = [\"stream\"]"),
            ("sql", at("a stream"), "detectors = { sql = \"off\" }"),
            ("sql", at("the path"), "detectors = { sql = \"off\" }"),
            ("sql", at("the name of a.$ne"), "detectors = { sql = \"off\" }"),
            ("sql", long, "detectors = { sql = \"off\" }"),
            ("sql", Evidence::default(), "detectors = { sql = \"off\" }"),
            ("nosql", named("name"), "detectors = { nosql = \"off\" }"),
        ] {
            let setting = allowed("injection", rule, &evidence).unwrap();
            assert_eq!(setting, format!("[[route]]\npath = \"/orders/{{id}}\"\n{expected}"));
            loads(&setting).unwrap();
        }
        let evidence = Evidence::default();
        assert_eq!(allow_with(("injection", "sql"), Verdict::Reported, &evidence, PLACE), None);
        assert_eq!(allow_with(("somebody's", "own"), Verdict::Refused, &evidence, PLACE), None);
        let far = Place { path: "*", ..PLACE };
        let setting = allow_with(("injection", "sql"), Verdict::WouldRefuse, &evidence, far).unwrap();
        assert!(setting.starts_with("[[route]]\npath = \"/**\"\n"), "{setting}");
    }
}
