//! One shape for JSON, YAML, TOML and XML, in which every value knows its line.
//!
//! A finding points to the line of the lock file, which the usual way into structures loses. All readers are bounded:
//! by the size of the text, the depth, and the number of values.

mod budget;
mod json;
mod node;
mod toml;
mod xml;
mod yaml;

pub(crate) use json::read as json;
pub(crate) use node::{Node, Value};
pub(crate) use toml::read as toml;
pub(crate) use xml::read as xml;
pub(crate) use yaml::read as yaml;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deps::limits::Limits;

    #[test]
    fn every_format_keeps_the_lines() {
        let limits = Limits::default();
        for (name, node) in [
            ("json", json("{\n \"a\": [\n  {\"b\": \"x\"},\n  {\"b\": \"y\"}]\n}", &limits)),
            ("yaml", yaml("#\na:\n  - b: x\n  - b: y\n", &limits).map(|mut documents| documents.remove(0))),
            ("toml", toml("#\n[[a]]\nb = \"x\"\n[[a]]\nb = \"y\"\n", &limits)),
        ] {
            let node = node.unwrap();
            let items = node.get("a").unwrap().items();
            assert_eq!(items.iter().map(|item| item.text_of("b").unwrap()).collect::<Vec<_>>(), ["x", "y"]);
            let last = items[1].get("b").unwrap().line;
            assert_eq!(last, if name == "toml" { 5 } else { 4 }, "{name}");
        }
        let node = xml("<p>\n<a><b>x</b>\n</a><a>\n<b>y&amp;z</b></a></p>", &limits).unwrap();
        let last = node.all("a").last().unwrap().get("b").unwrap();
        assert_eq!((last.text(), last.line), (Some("y&z"), 4));
    }

    #[test]
    fn broken_and_hostile_texts_are_faults_with_a_line() {
        /// Deep enough to exhaust the stack of a reader that recurses.
        const DEEP: usize = 200_000;
        let limits = Limits { depth: 8, nodes: 100, ..Limits::default() };
        let nested = format!("{}1{}", "[".repeat(DEEP), "]".repeat(DEEP));
        let many = format!("[{}1]", "1,".repeat(200));
        for text in ["{\n \"a\": }", &nested, &many, "{\"a\": \"\\ud800\"}", ""] {
            let fault = json(text, &limits).unwrap_err();
            assert!(fault.line >= 1, "{text}: {fault:?}");
        }
        for text in ["a: b: c", &nested, &many, "a: &x 1\nb: *x\n", "a: [1"] {
            assert!(yaml(text, &limits).is_err(), "{text}");
        }
        for text in ["a = ", &format!("a = {nested}"), &format!("a = {many}")] {
            assert!(toml(text, &limits).is_err(), "{text}");
        }
        let nested = format!("{}{}", "<a>".repeat(DEEP), "</a>".repeat(DEEP));
        for text in ["<a>", "<a></b>", &nested, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a>&b;</a>"] {
            assert!(xml(text, &limits).is_err(), "{text}");
        }
    }
}
