//! XML that loads or expands, server-side includes, and XSLT.

use crate::bytes::{Set, has};
use crate::{Confidence, Found, Text};

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    memchr::memchr(b'<', value)?;
    let lower = value.to_ascii_lowercase();
    let strong = if text.is_prose() { Confidence::Medium } else { Confidence::High };
    let entity = has(&lower, "<!entity")
        && ["system", "public", "&", "%", "\"", "'"].iter().any(|word| has(&lower, word));
    let doctype = memchr::memmem::find(&lower, b"<!doctype").is_some_and(|at| {
        let behind = &lower[at + 9..];
        let end = memchr::memchr2(b'>', b'[', behind).unwrap_or(behind.len());
        let subset = behind.get(end) == Some(&b'[');
        let external = (has(&behind[..end], "system") || has(&behind[..end], "public"))
            && !has(&behind[..end], "//dtd html")
            && !has(&behind[..end], "//dtd xhtml")
            && !has(&behind[..end], "//dtd svg")
            && !has(&behind[..end], "about:legacy");
        subset || external
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
            "markup that a server runs or includes"
        };
        return Some((strong, reason));
    }
    // Markup hidden from those that look for markup.
    (has(&lower, "<![cdata[")
        && (has(&lower, "<]]>")
            || has(&lower, "]]>script")
            || has(&lower, "<![cdata[<]]")
            || has(&lower, "<![cdata[<")))
    .then_some((strong, "markup in a section that is not read as markup"))
}
