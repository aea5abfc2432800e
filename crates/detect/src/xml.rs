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
        rest.starts_with(b"[") || is_loaded(id)
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

/// Whether a document type, without its own declarations, is loaded from somewhere else than those who publish the usual ones.
fn is_loaded(id: &[u8]) -> bool {
    /// Publishers of document types, with the paths that they have them under.
    const KNOWN: [&str; 10] = [
        "www.w3.org/",
        "www.apple.com/dtds/",
        "www.hibernate.org/dtd/",
        "hibernate.sourceforge.net/",
        "java.sun.com/",
        "mybatis.org/dtd/",
        "www.springframework.org/dtd/",
        "struts.apache.org/dtds/",
        "logging.apache.org/",
        "www.oasis-open.org/",
    ];
    let Some((is_public, at)) =
        find(id, "public").map(|at| (true, at)).or(find(id, "system").map(|at| (false, at)))
    else {
        return false;
    };
    let mut literals = Vec::new();
    let mut rest = tail(id, at + 6);
    while let Some(open) = memchr::memchr2(b'"', b'\'', rest) {
        let quote = if rest.get(open) == Some(&b'"') { b'"' } else { b'\'' };
        let inner = tail(rest, open + 1);
        let Some(end) = memchr::memchr(quote, inner) else { return true };
        let (literal, behind) = cut(inner, end);
        literals.push(literal);
        rest = tail(behind, 1);
    }
    // A public identifier alone loads nothing from a stranger.
    let system = literals.get(usize::from(is_public));
    system.is_some_and(|system| {
        let address = system.strip_prefix(b"http://").or_else(|| system.strip_prefix(b"https://"));
        let is_known =
            address.is_some_and(|address| KNOWN.iter().any(|known| address.starts_with(known.as_bytes())));
        !is_known && !system.starts_with(b"about:legacy")
    }) || literals.is_empty()
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
                "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://evil.test/x.dtd\">",
                "<!DOCTYPE a SYSTEM 'http://www.w3.org.evil.test/x.dtd'>",
                "<!DOCTYPE a PUBLIC \"a\" \"file:///etc/passwd\">",
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
                "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">",
                "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">",
                "<!DOCTYPE html SYSTEM \"about:legacy-compat\">",
                "<svg><path d=\"M0\"/></svg>",
                "<!-- comment -->",
                "<![CDATA[plain]]>",
                "a < b",
            ],
        );
    }
}
