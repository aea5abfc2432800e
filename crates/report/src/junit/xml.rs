//! The little of XML 1.0 that a report needs: elements, attributes and text.

use std::fmt::Write;

use crate::visible::visible;

/// A document that grows.
pub(super) struct Xml {
    out: String,
    depth: usize,
}

impl Xml {
    pub(super) fn new() -> Self {
        Xml { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), depth: 0 }
    }

    pub(super) fn open(&mut self, name: &str, attributes: &[(&'static str, String)]) {
        self.start(name, attributes);
        self.out.push_str(">\n");
        self.depth += 1;
    }

    pub(super) fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        let indent = self.depth * 2;
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{:indent$}</{name}>", "");
    }

    /// An element with text.
    pub(super) fn element(&mut self, name: &str, attributes: &[(&'static str, String)], text: &str) {
        self.start(name, attributes);
        let _ = writeln!(self.out, ">{}</{name}>", escape(text));
    }

    pub(super) fn end(self) -> String {
        self.out
    }

    fn start(&mut self, name: &str, attributes: &[(&'static str, String)]) {
        let indent = self.depth * 2;
        let _ = write!(self.out, "{:indent$}<{name}", "");
        for (name, value) in attributes {
            // A line break in an attribute would be read as a space (XML 1.0 §3.3.3).
            let value = escape(value).replace('\n', "&#10;").replace('\t', "&#9;");
            let _ = write!(self.out, " {name}=\"{value}\"");
        }
    }
}

/// Text for elements and attributes. Characters that XML 1.0 §2.2 forbids even as references are written out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}
