//! Cross-site scripting: a value that becomes markup or a script where it is shown.
//!
//! Tags are read as browsers read them: `<` and a letter, then attributes with any kind of gap between them. A tag is an
//! attack if it runs something: an event handler, a URL whose scheme runs, an element that loads or runs by itself.
//! Behind a quote or a space, attributes may begin without a tag. A value without markup may still be a script, if it
//! lands in one.

mod names;
mod script;

use self::names::{is_active, is_active_alone, is_attack_element, is_event, is_url_attribute};
use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{begins, cut, find, has, has_any, head, is_one_of, strip_any, tail};
use crate::candidate::{Candidate, Found, stronger};
use crate::confidence::Confidence;

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    const ATTRIBUTE: ByteMask = any_of(b"=");
    let value = candidate.bytes;
    let is_certain = |found: &Found| matches!(found, Some((Confidence::High, _)));
    let mut best = memchr::memchr(b'<', value)
        .and_then(|first| closes_attribute(value, first).or_else(|| tags(value, candidate.is_prose())));
    if !is_certain(&best) && candidate.has_any(ATTRIBUTE) {
        best = stronger(best, attributes_without_tag(value, candidate.is_prose()));
    }
    if !is_certain(&best) {
        best = stronger(best, script::detect(candidate));
    }
    best
}

/// `"><h1>`: the value closes the tag it stands in and opens another.
fn closes_attribute(value: &[u8], first: usize) -> Found {
    let (outer, tag) = cut(value, first);
    let outer = outer.trim_ascii_end().strip_suffix(b">")?;
    let outer = outer.strip_suffix(b"/").unwrap_or(outer).trim_ascii_end();
    let is_quoted = matches!(outer.last(), Some(b'"' | b'\'')) && outer.len() < 40;
    let opens = tag.get(1).is_some_and(u8::is_ascii_alphabetic);
    (is_quoted && opens).then_some((Confidence::High, "closes a tag and opens another"))
}

/// Whitespace, and whatever else browsers accept between attributes.
fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'/' | 0x0b | 0)
}

/// Budget for reading attributes, as a multiple of the value: tags may nest in the attributes of others. And the budget
/// of the smallest values, in bytes.
const BUDGET_FACTOR: usize = 4;
const MIN_BUDGET: usize = 4096;

fn tags(value: &[u8], is_prose: bool) -> Found {
    let mut at = 0;
    let mut best: Found = None;
    let mut budget = value.len().saturating_mul(BUDGET_FACTOR).max(MIN_BUDGET);
    while let Some(offset) = memchr::memchr(b'<', tail(value, at)) {
        at += offset + 1;
        let rest = tail(value, at);
        let found = match rest {
            [b'!', ..] | [b'?', ..] => declaration(rest),
            // It may close the element that the value stands in.
            [b'/', name @ ..] => closes_script(name, &mut budget),
            [first, ..] if first.is_ascii_alphabetic() => tag(rest, is_prose, &mut budget),
            // A tag once a filter has stripped the whitespace.
            [b' ' | b'\t' | b'\n' | b'\r', ..] if !is_prose => spaced_script(rest),
            // Bytes that some browsers ignore.
            [0 | b'%' | b'\\' | 0x0b, rest @ ..] => {
                tag(rest.trim_ascii_start(), is_prose, &mut budget).filter(|_| !is_prose)
            }
            _ => None,
        };
        best = stronger(best, found);
        if best.is_some_and(|(confidence, _)| confidence == Confidence::High) {
            break;
        }
        if budget == 0 {
            return Some((Confidence::High, "too many nested tags"));
        }
    }
    best
}

/// `< script >`.
fn spaced_script(rest: &[u8]) -> Found {
    let gap = rest.iter().take(16).take_while(|b| b.is_ascii_whitespace()).count();
    let rest = tail(rest, gap);
    let ends = rest.get(6).is_some_and(|b| is_gap(*b) || *b == b'>');
    (begins(rest, "script") && ends).then_some((Confidence::High, "a script element"))
}

/// `<!--[if ...`, `<!ATTLIST`, `<?xml-stylesheet`; the `xml` detector looks at other declarations.
fn declaration(rest: &[u8]) -> Found {
    ["!--[if", "?xml-stylesheet", "?import", "!attlist"]
        .iter()
        .any(|text| begins(rest, text))
        .then_some((Confidence::High, "markup that loads or runs something"))
}

/// `</script><svg ...`: closes the element that the value stands in, and opens another.
fn closes_script(name: &[u8], budget: &mut usize) -> Found {
    const RAW_TEXT: &[&str] = &["script", "textarea", "title", "style", "noscript", "template", "xmp"];
    /// How far behind the name the tag ends.
    const MAX_END_TAG: usize = 512;
    let (name, rest) = cut(name, name.iter().take_while(|b| b.is_ascii_alphanumeric()).count());
    let rest = head(rest, MAX_END_TAG);
    let opens = memchr::memchr(b'>', rest).is_some_and(|end| match tail(rest, end + 1).trim_ascii_start() {
        [b'<', tag_rest @ ..] if tag_rest.first().is_some_and(u8::is_ascii_alphabetic) => {
            tag(tag_rest, false, budget).is_some()
        }
        _ => false,
    });
    (is_one_of(name, RAW_TEXT) && opens)
        .then_some((Confidence::High, "closes the element it stands in and opens another"))
}

/// A tag, from its name on.
fn tag(rest: &[u8], is_prose: bool, budget: &mut usize) -> Found {
    let is_name = |b: &u8| !is_gap(*b) && !matches!(b, b'>' | b'<' | b'=' | b'"' | b'\'');
    let (name, rest) = cut(rest, rest.iter().take_while(|b| is_name(b)).count());
    let name: Vec<u8> = name.iter().filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
    // `svg:script` is a script.
    let local = name.rsplit(|b| *b == b':').next().unwrap_or(&name);
    let is_bare = rest.is_empty();
    let (attributes, content) = attributes(rest, budget);
    if local == b"script" {
        return script_tag(&attributes, content, is_bare, is_prose);
    }
    if let Some(found) = attributes.iter().find_map(|(name, value)| attribute(name, value, is_prose)) {
        return Some(found);
    }
    if local == b"style"
        && !is_prose
        && let Some(content) = content
    {
        let style = head(content, find(content, "</").unwrap_or(content.len()));
        *budget = budget.saturating_sub(style.len());
        if loads_style(style) {
            return Some((Confidence::High, "a style that loads or runs something"));
        }
    }
    if local == b"object" && content.is_some() && !loads_object(&attributes) {
        return None;
    }
    if is_active(local) {
        let has_value = attributes.iter().any(|(_, value)| !value.is_empty());
        return (has_value || !is_prose && is_active_alone(local, !attributes.is_empty()))
            .then_some((Confidence::High, "an element that loads or runs by itself"));
    }
    if redirects(local, &attributes, is_prose) {
        return Some((Confidence::High, "an element that changes where the page loads from or sends to"));
    }
    // `<img src=x`, `<svg/onload` without an end: no text ends like that.
    if is_attack_element(local) && content.is_none() && !attributes.is_empty() && !is_prose {
        return Some((Confidence::Medium, "an unclosed tag"));
    }
    // Elements that change how a browser parses what follows.
    const CARRIERS: &[&str] = &["math", "template", "noscript", "foreignobject", "marquee", "isindex", "xss"];
    (is_one_of(local, CARRIERS) && !is_prose)
        .then_some((Confidence::Medium, "an element that is common in attacks"))
}

/// Whether an element changes where the page loads from or sends to: `base`, `form`, `meta`, `link`.
fn redirects(local: &[u8], attributes: &Attributes, is_prose: bool) -> bool {
    let has_attribute = |wanted: &[u8]| attributes.iter().any(|(name, _)| name == wanted);
    let is = |wanted: &[u8], values: &[&str]| {
        attributes.iter().any(|(name, value)| name == wanted && is_one_of(value, values))
    };
    match local {
        b"meta" if is(b"http-equiv", &["refresh", "set-cookie", "link"]) => return true,
        b"meta" if is(b"charset", &["utf-7", "x-mac-farsi"]) => return true,
        b"base" if has_attribute(b"href") => return true,
        _ if is_prose => return false,
        _ => {}
    }
    let is_elsewhere =
        || attributes.iter().any(|(name, value)| name == b"href" && (has(value, "//") || runs(value)));
    has_attribute(b"formaction")
        || local == b"form" && has_attribute(b"action")
        || local == b"link" && is(b"rel", &["stylesheet", "import", "preload", "manifest"]) && is_elsewhere()
}

/// Whether an `<object>` names what it shows; without that, it is a name of an element like any other.
fn loads_object(attributes: &Attributes) -> bool {
    const NAMES: &[&str] = &["data", "classid", "code", "codebase", "archive"];
    attributes.iter().any(|(name, value)| match name.as_slice() {
        b"type" => value.contains(&b'/'),
        name => is_one_of(name.rsplit(|b| *b == b':').next().unwrap_or(name), NAMES),
    })
}

/// `<style>` with rules that load others or run.
fn loads_style(content: &[u8]) -> bool {
    has_any(&normalized(content), &["@import", "-moz-binding", "expression(", "url(javascript", "behavior:"])
}

/// `<script>`, with what it loads or contains. Prose names the tag and continues with words.
fn script_tag(attributes: &Attributes, content: Option<&[u8]>, is_bare: bool, is_prose: bool) -> Found {
    let loads = attributes.iter().any(|(name, value)| {
        (matches!(name.as_slice(), b"src" | b"href") || name.ends_with(b":href")) && !value.is_empty()
    });
    let is_script = match content {
        _ if loads => true,
        // Cut off.
        None => !is_prose && !is_bare,
        Some(content) if is_prose => {
            let content = content.trim_ascii_start();
            let is_code = content.iter().take(60).any(|b| matches!(b, b'(' | b'=' | b'`' | b';' | b'['));
            is_code && has(head(content, 200), "</")
        }
        Some(_) => true,
    };
    is_script.then_some((Confidence::High, "a script element"))
}

/// Names and values.
type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// The attributes of a tag, and what follows its `>`, if it has one.
fn attributes<'t>(rest: &'t [u8], budget: &mut usize) -> (Attributes, Option<&'t [u8]>) {
    let (all, end) = read_attributes(rest, *budget);
    *budget = budget.saturating_sub(end.min(rest.len()));
    let content = tail(rest, end).strip_prefix(b">");
    (all, content)
}

/// Reads attributes within a budget, and says where they end.
fn read_attributes(tag: &[u8], budget: usize) -> (Attributes, usize) {
    let space = |rest: &[u8]| rest.iter().take_while(|b| is_gap(**b) && **b != b'/').count();
    let mut all = Vec::new();
    let mut at = 0;
    while at < budget {
        let separates = |b: &u8| is_gap(*b) || matches!(b, b'"' | b'\'' | b'=' | b'`');
        at += tail(tag, at).iter().take_while(|b| separates(b)).count();
        let rest = tail(tag, at);
        if matches!(rest, [] | [b'>' | b'<', ..]) {
            return (all, at);
        }
        let is_name = |b: &u8| !is_gap(*b) && !matches!(b, b'=' | b'>' | b'<');
        let (name, rest) = cut(rest, rest.iter().take_while(|b| is_name(b)).count());
        let lower = name.iter().filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
        at += name.len().max(1);
        let equals = space(rest);
        let value = match tail(rest, equals).strip_prefix(b"=") {
            None => Vec::new(),
            Some(rest) => {
                let gap = space(rest);
                let (value, length) = attribute_value(tail(rest, gap));
                at += equals + 1 + gap + length;
                value.to_vec()
            }
        };
        all.push((lower, value));
    }
    (all, tag.len())
}

/// An attribute's value, quoted or not, and its length with the quotes.
fn attribute_value(rest: &[u8]) -> (&[u8], usize) {
    match rest {
        [quote @ (b'"' | b'\'' | b'`'), rest @ ..] => match memchr::memchr(*quote, rest) {
            Some(length) => (head(rest, length), length + 2),
            None => (rest, rest.len() + 1),
        },
        rest => {
            let ends = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'>');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            (head(rest, length), length)
        }
    }
}

/// An attribute that runs something.
fn attribute(name: &[u8], value: &[u8], is_prose: bool) -> Found {
    /// Prefixes of attributes that front-end frameworks evaluate.
    const EVALUATED: [&[u8]; 6] = [b"ng-", b"v-", b"x-", b"hx-on", b"@", b"data-ng-"];
    let local = name.rsplit(|b| *b == b':').next().unwrap_or(name);
    // Also a handler of an event that browsers may add, if its content looks like a script.
    let is_new_event = || local.starts_with(b"on") && local.len() > 3 && script::looks_like(value);
    if is_event(local) && !value.is_empty() || is_new_event() {
        return Some((Confidence::High, "an event handler"));
    }
    if EVALUATED.iter().any(|prefix| name.starts_with(prefix)) && value.contains(&b'(') && !is_prose {
        return Some((Confidence::High, "an attribute that a framework evaluates"));
    }
    if is_url_attribute(local) && runs(value) {
        return Some((Confidence::High, "a URL that runs a script"));
    }
    if local == b"style" && !is_prose {
        const RUNS: &[&str] = &["expression(", "javascript:", "-moz-binding", "behavior:", "@import"];
        if has_any(&normalized(value), RUNS) {
            return Some((Confidence::High, "a style that runs a script"));
        }
    }
    (local == b"srcdoc" && value.contains(&b'<')).then_some((Confidence::High, "a document within the page"))
}

/// Whether a URL's scheme runs its content.
fn runs(url: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 12] = [
        b"javascript:",
        b"vbscript:",
        b"livescript:",
        b"mocha:",
        b"data:text/html",
        b"data:image/svg",
        b"data:text/xml",
        b"data:application/x",
        b"data:;base64",
        b"data:,",
        b"feed:javascript",
        b"jar:javascript",
    ];
    let url = normalized(url);
    SCHEMES.iter().any(|scheme| url.starts_with(scheme))
}

/// A text as browsers read the beginning of a URL: character references decoded, without whitespace and control bytes,
/// in lower case.
fn normalized(text: &[u8]) -> Vec<u8> {
    let decoded = crate::decode::decode_entities(text);
    let text = decoded.as_deref().unwrap_or(text);
    text.iter().filter(|b| **b > 0x20 && **b != b'\\').map(u8::to_ascii_lowercase).collect()
}

/// Attributes without a tag: after a quote that closes the attribute the value stands in, or after a space.
fn attributes_without_tag(value: &[u8], is_prose: bool) -> Found {
    /// No attribute that matters has a shorter name.
    const MIN_NAME: usize = 4;
    let first_quote = memchr::memchr2(b'"', b'\'', value).unwrap_or(value.len());
    let first_tag =
        value.windows(2).position(|pair| matches!(pair, [b'<', letter] if letter.is_ascii_alphabetic()));
    for equals in memchr::memchr_iter(b'=', value) {
        let (outer, content) = cut(value, equals);
        let outer = outer.trim_ascii_end();
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(*b, b'-' | b':' | b'_');
        let length = outer.iter().rev().take_while(|b| is_name(b)).count();
        let (outer, name) = cut(outer, outer.len() - length);
        if length < MIN_NAME
            || !outer.last().is_none_or(|b| is_gap(*b) || matches!(b, b'"' | b'\'' | b'`' | b';'))
        {
            continue;
        }
        let name = name.to_ascii_lowercase();
        let content = strip_any(tail(content, 1).trim_ascii_start(), &[b"\"", b"'", b"`"]);
        if is_event(&name) && script::looks_like(head(content, 400)) {
            let in_tag = first_tag.is_some_and(|tag| tag < equals);
            let confidence = if is_prose && !in_tag { Confidence::Low } else { Confidence::High };
            return Some((confidence, "an event handler"));
        }
        // `" href=javascript:`: an attribute was closed before.
        let is_closed = first_quote < outer.len();
        if is_url_attribute(&name) && runs(content) && (is_closed || !is_prose) {
            return Some((Confidence::High, "a URL that runs a script"));
        }
        if name == b"style" && is_closed && has(&normalized(content), "expression(") {
            return Some((Confidence::High, "a style that runs a script"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::Class::Html;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Html,
            High,
            &[
                "<script>alert(1)</script>",
                "<ScRiPt src=//evil.test>",
                "<script src=x",
                "< script >",
                "<img src=x onerror=alert(1)>",
                "<svg/onload=alert(1)>",
                "<a href=\"java\tscript:alert(1)\">",
                "<a href=&#106;avascript:alert(1)>",
                "<iframe src=//evil.test>",
                "<object data=x>",
                "<object id=1 DATA='x'/>",
                "<object classid=clsid:1>",
                "<object type=application/x-a><param name=movie value=x>",
                "<object onerror=alert(1)>",
                "<object",
                "<object id=1><embed src=x></object>",
                "<Link rel='stylesheet' href='//evil.test'/>",
                "<Style/>@import '//evil.test'",
                "<base href=//evil.test>",
                "<meta http-equiv=refresh content=0>",
                "<form action=//evil.test>",
                "<button formaction=x>",
                "<link rel=stylesheet href=//evil.test>",
                "<style>@import '//evil.test'</style>",
                "<p style=\"x:expression(alert(1))\">",
                "<iframe srcdoc=\"<p>\">",
                "<div @click=\"x()\">",
                "\"><h1>x",
                "</script><svg a=b onload=x()>",
                "\" onfocus=alert(1) autofocus x=\"",
                "x' onmouseover='alert(1)",
                "\" href=javascript:alert(1)",
                "<svg:script>x",
                "<!--[if IE]>",
                "alert(1)",
                "%3Cscript%3Ealert(1)%3C/script%3E",
            ],
        );
        finds(Html, Medium, &["<math>x", "<img src=x", "<template>"]);
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Html,
            &[
                "<b>bold</b>",
                "<p>one<br>two</p>",
                "<a href=\"https://example.com\">x</a>",
                "<img src=\"a.png\" alt=\"b\">",
                "a < b && c > d",
                "Map<String, List<T>>",
                "Ada <ada@example.com>",
                "<- arrow ->",
                "<Delete><Object><Key>a.txt</Key></Object></Delete>",
                "<Object id='1'><Link href='x'/><Style/></Object>",
                "<object type='invoice'><title>x</title></object>",
                "onboarding = done",
                "the once=only rule",
                "<3",
            ],
        );
    }
}
