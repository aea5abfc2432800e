//! XML external entities and entity expansion, server-side includes, and XSLT.

use crate::bytes::{Set, cut, find, has, has_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
    memchr::memchr(b'<', value)?;
    let lower = value.to_ascii_lowercase();
    let strong = if candidate.is_prose() { Confidence::Medium } else { Confidence::High };
    let entity = has(&lower, "<!entity") && has_any(&lower, &["system", "public", "&", "%", "\"", "'"]);
    let doctype = find(&lower, "<!doctype").is_some_and(|at| {
        let rest = tail(&lower, at + 9);
        let (id, rest) = cut(rest, memchr::memchr2(b'>', b'[', rest).unwrap_or(rest.len()));
        let external = has_any(id, &["system", "public"])
            && !has_any(id, &["//dtd html", "//dtd xhtml", "//dtd svg", "about:legacy"]);
        rest.starts_with(b"[") || external
    });
    if entity || doctype {
        return Some((strong, "a document type that declares or loads entities"));
    }
    static INCLUDED: Set = Set::new(&[
        "<xi:include",
        "xmlns:xi=",
        "<xsl:",
        "xmlns:xsl",
        "<esi:",
        "<!--#exec",
        "<!--#include",
        "<!--#echo",
        "<!--#printenv",
        "<!--#config",
        "<!--#set",
        "<!--#flastmod",
        "<!--#fsize",
        "<!--# exec",
        "<!--#if",
        "<jsp:",
        "<%@ ",
        "<cfexecute",
        "<msxsl:",
        "xmlns:msxsl",
    ]);
    if let Some(found) = INCLUDED.first(&lower) {
        let reason = if found.starts_with("<!--#") || found == "<esi:" {
            "a server-side include"
        } else {
            "server-side markup"
        };
        return Some((strong, reason));
    }
    // Markup hidden from filters that look for tags.
    (has(&lower, "<![cdata[") && has_any(&lower, &["<]]>", "]]>script", "<![cdata[<"]))
        .then_some((strong, "markup hidden in a CDATA section"))
}

#[cfg(test)]
mod tests {
    use crate::Class::Xml;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Xml,
            High,
            &[
                "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///x\">]><a>&b;</a>",
                "<!DOCTYPE a SYSTEM \"http://evil.test/x.dtd\">",
                "<!ENTITY % x \"y\">",
                "<xi:include href=\"x\"/>",
                "<xsl:value-of select=\"x\"/>",
                "<!--#exec cmd=\"id\"-->",
                "<esi:include src=\"http://x\"/>",
                "<![CDATA[<]]>script>",
                "<%@ page import=\"java.util.*\" %>",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Xml,
            &[
                "<a><b>1</b></a>",
                "<!DOCTYPE html>",
                "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\">",
                "<svg><path d=\"M0\"/></svg>",
                "<!-- comment -->",
                "<![CDATA[plain]]>",
                "a < b",
            ],
        );
    }
}
