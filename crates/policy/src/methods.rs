//! The methods of requests that a policy may name. One that no server knows is a slip of the pen, and its route would hold
//! for nothing.

use http::Method;

use crate::names::nearest;

/// The IANA registry of methods (RFC 9110 §16.1), and those of caches and of UPnP that are not in it.
const KNOWN: &[&str] = &[
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
    "BAN",
    "M-SEARCH",
    "NOTIFY",
    "PURGE",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
];

/// A method as somebody wrote it, or the help for one that nobody knows.
pub(crate) fn method(written: &str) -> Result<Method, String> {
    let name = written.to_ascii_uppercase();
    match name.parse() {
        Ok(method) if KNOWN.contains(&&*name) => Ok(method),
        _ => Err(match nearest(&name, KNOWN.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "write a method of HTTP or WebDAV, or leave `methods` out for all".into(),
        }),
    }
}
