//! HTML and script: a value that becomes markup or a script where it is shown.
//!
//! Tags are read as browsers read them: what begins with `<` and a letter, attributes parted by anything that parts
//! them. A tag is an attack by what it runs: an event handler, a URL of a scheme that runs, an element that loads or
//! runs by itself. Behind a quote or a space, attributes may begin without a tag. What is no markup may still be a
//! script, where it lands in one.

mod names;
mod script;

use self::names::{is_event, is_loading, is_tag, is_url_attribute, runs_by_itself};
use crate::{Confidence, Found, Text, marks, surer};

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    let first = memchr::memchr(b'<', value);
    let tags =
        first.and_then(|first| closes_attribute(value, first).or_else(|| tags(value, text.is_prose())));
    const ATTRIBUTE: u64 = marks::of(b"=");
    let sure = |found: &Found| matches!(found, Some((Confidence::High, _)));
    let mut best = tags;
    if !sure(&best) && text.any(ATTRIBUTE) {
        best = surer(best, attributes_without_tag(value, text.is_prose()));
    }
    if !sure(&best) {
        best = surer(best, script::detect(text));
    }
    best
}

/// `"><h1>`: what stands before the first tag ends the one in which the value stands.
fn closes_attribute(value: &[u8], first: usize) -> Found {
    let before = value[..first].trim_ascii_end();
    let closes =
        before.strip_suffix(b">").map(|before| before.strip_suffix(b"/").unwrap_or(before).trim_ascii_end());
    let quoted =
        closes.is_some_and(|before| matches!(before.last(), Some(b'"' | b'\'')) && before.len() < 40);
    let opens = value.get(first + 1).is_some_and(u8::is_ascii_alphabetic);
    (quoted && opens).then_some((Confidence::High, "closes a tag, and opens another"))
}

/// White space, and what browsers take for it between attributes.
fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'/' | 0x0b | 0)
}

/// How often a byte is read at most, on the whole: tags may stand within others' attributes.
const MOST: usize = 4;
/// What is read of any value.
const LEAST: usize = 4096;

fn tags(value: &[u8], is_prose: bool) -> Found {
    let mut at = 0;
    let mut best: Found = None;
    let mut room = value.len().saturating_mul(MOST).max(LEAST);
    while let Some(offset) = memchr::memchr(b'<', &value[at..]) {
        let start = at + offset + 1;
        at = start;
        let rest = &value[start..];
        let found = match rest {
            [b'!', ..] | [b'?', ..] => declaration(rest),
            // An end tag has attributes, too, for some browsers; what it closes is what a script was in.
            [b'/', name @ ..] => closes_script(name, &mut room),
            [first, ..] if first.is_ascii_alphabetic() => tag(rest, is_prose, &mut room),
            // Filters that take white space away make a tag of it.
            [b' ' | b'\t' | b'\n' | b'\r', ..] if !is_prose => spaced_script(rest),
            // Bytes that some browsers leave out.
            [0 | b'%' | b'\\' | 0x0b, ..] => {
                tag(rest[1..].trim_ascii_start(), is_prose, &mut room).filter(|_| !is_prose)
            }
            _ => None,
        };
        best = surer(best, found);
        if best.is_some_and(|(confidence, _)| confidence == Confidence::High) {
            break;
        }
        if room == 0 {
            return Some((Confidence::High, "tags within tags, too many to be read"));
        }
    }
    best
}

/// `< script >`.
fn spaced_script(rest: &[u8]) -> Found {
    let gap = rest.iter().take(16).take_while(|b| b.is_ascii_whitespace()).count();
    let name = rest.get(gap..gap + 6)?;
    let ends = rest.get(gap + 6).is_some_and(|b| is_gap(*b) || *b == b'>');
    (name.eq_ignore_ascii_case(b"script") && ends).then_some((Confidence::High, "a script"))
}

/// `<!--[if ...`, `<!ENTITY`, `<?xml-stylesheet`; the rest is XML's matter.
fn declaration(rest: &[u8]) -> Found {
    let begins = |text: &[u8]| rest.get(..text.len()).is_some_and(|own| own.eq_ignore_ascii_case(text));
    (begins(b"!--[if") || begins(b"?xml-stylesheet") || begins(b"?import") || begins(b"!attlist"))
        .then_some((Confidence::High, "markup that loads or runs something"))
}

/// `</script>` with something behind it.
fn closes_script(name: &[u8], room: &mut usize) -> Found {
    let closes = ["script", "textarea", "title", "style", "noscript", "template", "xmp"];
    let length = name.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let closed = closes.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(&name[..length]));
    let behind = &name[length..name.len().min(length + 512)];
    let opens = memchr::memchr(b'>', behind).is_some_and(|end| {
        let behind = behind[end + 1..].trim_ascii_start();
        behind.starts_with(b"<")
            && behind.get(1).is_some_and(u8::is_ascii_alphabetic)
            && tag(&behind[1..], false, room).is_some()
    });
    (closed && opens).then_some((Confidence::High, "closes what it stands in, and opens markup of its own"))
}

/// A tag, from its name on.
fn tag(rest: &[u8], is_prose: bool, room: &mut usize) -> Found {
    let length =
        rest.iter().take_while(|b| !is_gap(**b) && !matches!(b, b'>' | b'<' | b'=' | b'"' | b'\'')).count();
    let name: Vec<u8> = rest[..length].iter().filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
    // `svg:script` is a script.
    let local = name.rsplit(|b| *b == b':').next().unwrap_or(&name);
    let (attributes, behind) = attributes(&rest[length..], room);
    let high = |reason| Some((Confidence::High, reason));
    let has = |wanted: &str| attributes.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
    if local == b"script" {
        return script_tag(&attributes, behind, rest.len() == length, is_prose);
    }
    for (name, value) in &attributes {
        if let Some(found) = attribute(name, value, is_prose) {
            return Some(found);
        }
    }
    let style = behind.filter(|_| local == b"style" && !is_prose).map(|behind| {
        let length = memchr::memmem::find(behind, b"</").unwrap_or(behind.len());
        *room = room.saturating_sub(length);
        &behind[..length]
    });
    if style.is_some_and(loads_style) {
        return high("a style that loads or runs something");
    }
    if runs_by_itself(local) {
        let says = attributes.iter().any(|(_, value)| !value.is_empty());
        return if says || !is_prose && is_loading(local, &attributes) {
            high("an element that loads or runs by itself")
        } else {
            None
        };
    }
    let is = |wanted: &str, values: &[&str]| {
        attributes.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case(wanted.as_bytes())
                && values.iter().any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
        })
    };
    let elsewhere = attributes.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case(b"href") && (memchr::memmem::find(value, b"//").is_some() || runs(value))
    });
    let refreshes = local == b"meta"
        && (is("http-equiv", &["refresh", "set-cookie", "link"]) || is("charset", &["utf-7", "x-mac-farsi"]));
    let links = local == b"link"
        && is("rel", &["stylesheet", "import", "preload", "manifest"])
        && elsewhere
        && !is_prose;
    let bases = local == b"base" && has("href");
    let form = (local == b"form" && has("action") || has("formaction")) && !is_prose;
    if refreshes || links || bases || form {
        return high("an element that changes where the page loads from or sends to");
    }
    // `<img src=x`, `<svg/onload` cut off: no text ends like that.
    if is_tag(local) && behind.is_none() && !attributes.is_empty() && !is_prose {
        return Some((Confidence::Medium, "a tag that is cut off"));
    }
    // Elements that carry others' namespaces and templates into a page.
    let carries =
        [&b"svg"[..], b"math", b"template", b"noscript", b"foreignobject", b"marquee", b"isindex", b"xss"];
    (carries.contains(&local) && !is_prose && local != b"svg")
        .then_some((Confidence::Medium, "an element that attacks are carried in"))
}

/// `<style>` whose rules load others', or run.
fn loads_style(content: &[u8]) -> bool {
    let squeezed = squeeze(content);
    [&b"@import"[..], b"-moz-binding", b"expression(", b"url(javascript", b"behavior:"]
        .iter()
        .any(|text| memchr::memmem::find(&squeezed, text).is_some())
}

/// `<script>`, with what it loads or holds. Texts about scripts name the tag, and go on with words.
fn script_tag(
    attributes: &[(Vec<u8>, Vec<u8>)],
    behind: Option<&[u8]>,
    is_bare: bool,
    is_prose: bool,
) -> Found {
    let high = Some((Confidence::High, "a script"));
    if attributes.iter().any(|(name, value)| {
        (name.eq_ignore_ascii_case(b"src") || name.eq_ignore_ascii_case(b"href") || name.ends_with(b":href"))
            && !value.is_empty()
    }) {
        return high;
    }
    match behind {
        // Cut off.
        None => (!is_prose && !is_bare).then_some((Confidence::High, "a script")),
        Some(content) if is_prose => {
            let content = content.trim_ascii_start();
            let code = content.iter().take(60).any(|b| matches!(b, b'(' | b'=' | b'`' | b';' | b'['));
            let closed = memchr::memmem::find(&content[..content.len().min(200)], b"</").is_some();
            (code && closed).then_some((Confidence::High, "a script"))
        }
        Some(_) => high,
    }
}

/// Names and values.
type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// The attributes of a tag, and what is behind its end, when it has one.
fn attributes<'t>(rest: &'t [u8], room: &mut usize) -> (Attributes, Option<&'t [u8]>) {
    let (all, end) = read_attributes(rest, *room);
    *room = room.saturating_sub(end.min(rest.len()));
    (all, rest.get(end + 1..).filter(|_| rest.get(end) == Some(&b'>')))
}

/// Reads attributes as long as there is room; where they end.
fn read_attributes(rest: &[u8], room: usize) -> (Attributes, usize) {
    let mut all = Vec::new();
    let mut at = 0;
    while at < room {
        while at < rest.len() && (is_gap(rest[at]) || matches!(rest[at], b'"' | b'\'' | b'=' | b'`')) {
            at += 1;
        }
        match rest.get(at) {
            None | Some(b'>' | b'<') => return (all, at),
            Some(_) => {}
        }
        let length =
            rest[at..].iter().take_while(|b| !is_gap(**b) && !matches!(b, b'=' | b'>' | b'<')).count();
        let name: Vec<u8> =
            rest[at..at + length].iter().filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
        at += length.max(1);
        let mut value_at = at;
        while rest.get(value_at).is_some_and(|b| is_gap(*b) && *b != b'/') {
            value_at += 1;
        }
        let mut value = Vec::new();
        if rest.get(value_at) == Some(&b'=') {
            value_at += 1;
            while rest.get(value_at).is_some_and(|b| is_gap(*b) && *b != b'/') {
                value_at += 1;
            }
            let (end, next) = match rest.get(value_at) {
                Some(quote @ (b'"' | b'\'' | b'`')) => {
                    value_at += 1;
                    match memchr::memchr(*quote, &rest[value_at..]) {
                        Some(length) => (value_at + length, value_at + length + 1),
                        None => (rest.len(), rest.len()),
                    }
                }
                _ => {
                    let ends = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'>');
                    let length = rest[value_at..].iter().position(ends).unwrap_or(rest.len() - value_at);
                    (value_at + length, value_at + length)
                }
            };
            value = rest[value_at..end].to_vec();
            at = next;
        }
        all.push((name, value));
    }
    (all, rest.len())
}

/// An attribute that runs something.
fn attribute(name: &[u8], value: &[u8], is_prose: bool) -> Found {
    let local = name.rsplit(|b| *b == b':').next().unwrap_or(name);
    if is_event(local) && !value.is_empty() {
        return Some((Confidence::High, "an event handler"));
    }
    // Any handler, of events that come to be.
    if local.starts_with(b"on") && local.len() > 3 && script::looks_like(value) {
        return Some((Confidence::High, "an event handler"));
    }
    // What frameworks of the page evaluate.
    let evaluated =
        [&b"ng-"[..], b"v-", b"x-", b"hx-on", b"@", b"data-ng-"].iter().any(|p| name.starts_with(p));
    if evaluated && value.contains(&b'(') && !is_prose {
        return Some((Confidence::High, "an attribute that is evaluated"));
    }
    if is_url_attribute(local) && runs(value) {
        return Some((Confidence::High, "a URL that runs a script"));
    }
    if local == b"style" && !is_prose {
        let squeezed = squeeze(value);
        let has = |text: &[u8]| memchr::memmem::find(&squeezed, text).is_some();
        if has(b"expression(")
            || has(b"javascript:")
            || has(b"-moz-binding")
            || has(b"behavior:")
            || has(b"@import")
        {
            return Some((Confidence::High, "a style that runs a script"));
        }
    }
    (local == b"srcdoc" && value.contains(&b'<')).then_some((Confidence::High, "a document within the page"))
}

/// Whether a URL is of a scheme that runs what it says.
fn runs(url: &[u8]) -> bool {
    let squeezed = squeeze(url);
    let begins = |text: &[u8]| squeezed.starts_with(text);
    begins(b"javascript:")
        || begins(b"vbscript:")
        || begins(b"livescript:")
        || begins(b"mocha:")
        || begins(b"data:text/html")
        || begins(b"data:image/svg")
        || begins(b"data:text/xml")
        || begins(b"data:application/x")
        || begins(b"data:;base64")
        || begins(b"data:,")
        || begins(b"feed:javascript")
        || begins(b"jar:javascript")
}

/// A text as browsers read the beginning of a URL: without white space and control bytes, in lower case, entities
/// decoded.
fn squeeze(text: &[u8]) -> Vec<u8> {
    let decoded = crate::decode::decode_entities(text);
    let text = decoded.as_deref().unwrap_or(text);
    text.iter().filter(|b| **b > 0x20 && **b != b'\\').map(u8::to_ascii_lowercase).collect()
}

/// Attributes behind a quote that ends the one where the value stands, or behind a space where none does.
fn attributes_without_tag(value: &[u8], is_prose: bool) -> Found {
    let first_quote = memchr::memchr2(b'"', b'\'', value).unwrap_or(value.len());
    let first_tag = value.windows(2).position(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic());
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'=', &value[at..]) {
        let equals = at + offset;
        at = equals + 1;
        let before = value[..equals].trim_ascii_end();
        let length = before
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(**b, b'-' | b':' | b'_'))
            .count();
        let name = before[before.len() - length..].to_ascii_lowercase();
        if length < 4 {
            continue;
        }
        let gap = before[..before.len() - length].last().copied();
        let parted = gap.is_none_or(|b| is_gap(b) || matches!(b, b'"' | b'\'' | b'`' | b';'));
        if !parted {
            continue;
        }
        let content = value[at..].trim_ascii_start();
        let content = content
            .strip_prefix(b"\"")
            .or(content.strip_prefix(b"'"))
            .or(content.strip_prefix(b"`"))
            .unwrap_or(content);
        if is_event(&name) && script::looks_like(&content[..content.len().min(400)]) {
            let in_tag = first_tag.is_some_and(|tag| tag < equals);
            let confidence = if is_prose && !in_tag { Confidence::Low } else { Confidence::High };
            return Some((confidence, "an event handler"));
        }
        // Only where something is closed before: `" href=javascript:`, `"><a href=`.
        let closed = first_quote < before.len() - length;
        let is_url = is_url_attribute(&name);
        if is_url && runs(content) && (closed || !is_prose) {
            return Some((Confidence::High, "a URL that runs a script"));
        }
        if name == b"style" && closed && memchr::memmem::find(&squeeze(content), b"expression(").is_some() {
            return Some((Confidence::High, "a style that runs a script"));
        }
    }
    None
}
