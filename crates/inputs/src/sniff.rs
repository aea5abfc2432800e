//! What bytes look like, whatever their media type says.

use super::media_type::is_json;
use super::slice::head;

/// A text without blanks and a byte order mark in front, which many readers skip.
pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    let text = body.trim_ascii_start();
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start()
}

/// A text without what some reader skips or takes away in front, and JSON does not know: control bytes, blanks beyond ASCII,
/// byte order marks (PHP's, Python's and JavaScript's trim), and the line that keeps scripts from running a document (`)]}'`).
pub(super) fn without_odd_blanks(mut text: &[u8]) -> &[u8] {
    loop {
        let rest = match text {
            [0..=0x20 | 0x7f, rest @ ..] | [b')', b']', b'}', b'\'', rest @ ..] => Some(rest),
            _ => without_wide_blank(text),
        };
        match rest {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

/// Whether a text begins with a name and an equals sign, or has a pair behind an ampersand as forms have it: some servers read
/// a form under any media type (Bottle).
pub(super) fn begins_as_form(text: &[u8]) -> bool {
    /// Of a name.
    const LONGEST: usize = 256;
    // What ends a line, or stands in markup and in JSON before an equals sign.
    let is_part = |byte: &u8| *byte >= b' ' && !b"=<>{}\"'".contains(byte);
    let end = head(text, LONGEST + 1).iter().position(|byte| !is_part(byte));
    // Prose has blanks around it.
    let is_pair = |end: usize| {
        text.get(end) == Some(&b'=') && text.get(end.wrapping_sub(1)).is_some_and(|byte| *byte != b' ')
    };
    end.is_some_and(is_pair) || {
        // Of what is no text, some bytes look like a pair by chance.
        let text = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        has_pairs(text.split('\0').next().unwrap_or_default().as_bytes())
    }
}

/// Whether a text has a pair of a form behind an ampersand, or begins with one whose name markup does not have: `<a>=1`,
/// `<q=1`. References of markup end with a semicolon.
pub(super) fn has_pairs(text: &[u8]) -> bool {
    let is_part = |byte: &u8| *byte > b' ' && *byte != 0x7f && !b"=&;<>{}\"'`".contains(byte);
    let is_behind = memchr::memchr_iter(b'&', text).any(|at| {
        // Some servers take away the blanks before a name (Rack).
        let name = text.get(at + 1..).unwrap_or_default().trim_ascii_start();
        let end = name.iter().position(|byte| !is_part(byte));
        end.is_some_and(|end| end > 0 && name.get(end) == Some(&b'='))
    });
    is_behind
        || text.first() == Some(&b'<') && {
            let first =
                text.iter().position(|byte| *byte == b'=' || byte.is_ascii_whitespace() || *byte == b'"');
            first.is_some_and(|at| text.get(at) == Some(&b'='))
        }
}

/// The first byte behind an opening bracket.
pub(super) fn after_bracket(text: &[u8]) -> Option<u8> {
    text.get(1..)?.trim_ascii_start().first().copied()
}

/// A text without the blank beyond ASCII that it begins with, as JavaScript's `trim` has it.
fn without_wide_blank(text: &[u8]) -> Option<&[u8]> {
    /// Of a character.
    const LONGEST: usize = 4;
    let character = head(text, LONGEST).utf8_chunks().next()?.valid().chars().next()?;
    let is_blank = !character.is_ascii() && (character.is_whitespace() || character == '\u{feff}');
    text.get(character.len_utf8()..).filter(|_| is_blank)
}

/// Whether somebody may read JSON in a text, by its beginning: an object, a list, or a text of JSON with nothing behind; or
/// only what readers skip, behind which it may stand.
fn may_be_json(start: &[u8]) -> bool {
    let (start, mut is_escaped) = (without_comments(without_odd_blanks(start)), false);
    let [b'"', text @ ..] = start else { return matches!(start, [] | [b'{' | b'[', ..]) };
    for (at, byte) in text.iter().enumerate() {
        match byte {
            // No line of JSON ends within a text.
            0..=0x1f => return false,
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return text.iter().skip(at + 1).all(u8::is_ascii_whitespace),
            _ => {}
        }
    }
    true
}

/// A text without the comments that it begins with; nothing if one of them does not end.
fn without_comments(mut text: &[u8]) -> &[u8] {
    loop {
        let end = match text {
            [b'/', b'*', inner @ ..] => memchr::memmem::find(inner, b"*/").map(|at| at + 4),
            // Some readers end a comment at a carriage return, and some do not: both may find JSON behind.
            [b'/', b'/', ..] | [b'#', ..] => memchr::memchr2(b'\n', b'\r', text),
            _ => return text,
        };
        text = end.and_then(|end| text.get(end..)).unwrap_or_default().trim_ascii_start();
    }
}

/// Whether a text begins as an object or a list of JSON does.
pub fn begins_structured(text: &[u8]) -> bool {
    matches!(without_mark(text), [b'{' | b'[', ..])
}

/// Whether a text would be another one as a form: some servers read a form where there is no type (Rack).
pub(super) fn is_like_form(body: &[u8]) -> bool {
    body.iter().any(|byte| b"=&%+[".contains(byte))
}

/// Whether a text begins as an XML document does, and no HTML page.
#[cfg(feature = "xml")]
pub(super) fn is_xml_document(text: &[u8]) -> bool {
    let starts =
        |prefix: &[u8]| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    starts(b"<?xml") || (starts(b"<!doctype") && !starts(b"<!doctype html"))
}

/// Whether a text begins as UTF-16 or UTF-32 does: some readers of JSON and XML recognize that by themselves.
pub(super) fn is_wide(body: &[u8]) -> bool {
    match body {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..] => std::str::from_utf8(body).is_err(),
        // Behind four bytes of a character come four of the next: a film may begin with the same four.
        [0, 0, 0, _, 0, ..] => opens_wide(body, 4, 3),
        [0, ..] => opens_wide(body, 2, 1),
        [_, 0, 0, 0, ..] => opens_wide(body, 4, 0),
        [_, 0, ..] => opens_wide(body, 2, 0),
        _ => false,
    }
}

/// Whether characters of so many bytes, of which one alone is not zero, open JSON or XML, behind blanks and values that readers
/// skip; or are nothing but blanks, behind which it may stand.
fn opens_wide(body: &[u8], width: usize, place: usize) -> bool {
    let (mut is_blank, mut has_value) = (true, false);
    for character in body.chunks(width) {
        if !character.iter().enumerate().all(|(at, byte)| at == place || *byte == 0) {
            return false;
        }
        match character.get(place) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => is_blank = true,
            Some(b'{' | b'[' | b'<' | b'"') => return is_blank,
            Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.') => {
                (is_blank, has_value) = (false, true);
            }
            _ => return false,
        }
    }
    !has_value
}

/// What somebody may read in a body that may be text: all of it, or where it is binary data, the pieces of text between.
/// Some of many random bytes look like a short attack.
pub fn texts(body: &[u8]) -> Vec<&[u8]> {
    /// Bytes of which everything is looked at.
    const FEW: usize = 2 << 10;
    if body.len() <= FEW { vec![body] } else { texts_of_window(body) }
}

/// The same for a part of a body.
pub fn texts_of_window(window: &[u8]) -> Vec<&[u8]> {
    pieces_of_text(window, 7, 16)
}

/// The same for a field of bytes, of which a message may have many: few bytes that are none of a text are more likely in
/// a text than in a short piece of data.
pub(super) fn texts_of_bytes(field: &[u8]) -> Vec<&[u8]> {
    pieces_of_text(field, 3, 12)
}

/// All of it, if no more than one in `share` bytes is none of a text; otherwise the pieces of text of at least `shortest`
/// bytes.
fn pieces_of_text(bytes: &[u8], share: usize, shortest: usize) -> Vec<&[u8]> {
    let is_odd = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    let mut odd = 0;
    let mut pieces = Vec::new();
    for chunk in bytes.utf8_chunks() {
        odd += chunk.invalid().len();
        pieces.extend(chunk.valid().as_bytes().split(is_odd).filter(|piece| piece.len() >= shortest));
        odd += chunk.valid().bytes().filter(is_odd).count();
    }
    if odd.saturating_mul(share) > bytes.len() { pieces } else { vec![bytes] }
}

/// Whether bodies of a media type are read as a whole: they have a structure, or are text.
pub fn is_read_whole(kind: &str) -> bool {
    is_json(kind)
        || kind.starts_with("text/")
        || (kind.starts_with("multipart/") && kind != "multipart/form-data")
        || kind.ends_with("+xml")
        || ["application/xml", "application/x-www-form-urlencoded", "application/graphql"].contains(&kind)
}

/// Whether a body of another type may pass without being read as a whole, by its beginning: no server reads JSON, XML or a
/// form in it.
pub fn may_stream(kind: &str, start: &[u8], is_post: bool) -> bool {
    if kind == "multipart/form-data" || is_binary_file(kind, start) {
        return true;
    }
    let is_structured = may_be_json(start) || without_mark(start).starts_with(b"<");
    // Some servers read a form where there is no type (Rack). The end of the text may be cut within a character.
    let is_text = || std::str::from_utf8(start).map_or_else(|error| error.error_len().is_none(), |_| true);
    let is_form = || kind.is_empty() && is_post && is_text() && is_like_form(start);
    !is_structured && !is_wide(start) && !is_form()
}

/// Whether a body is what its media type says, a file in a binary format. Only then can nobody read text out of it.
pub fn is_binary_file(kind: &str, start: &[u8]) -> bool {
    const FAMILIES: [&str; 4] = ["image/", "audio/", "video/", "font/"];
    const TYPES: [&str; 28] = [
        "application/octet-stream",
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/zstd",
        "application/wasm",
        "application/java-archive",
        "application/epub+zip",
        "application/msword",
        "application/x-gzip",
        "application/x-tar",
        "application/x-gtar",
        "application/x-compressed",
        "application/x-zip-compressed",
        "application/x-7z-compressed",
        "application/x-rar-compressed",
        "application/x-bzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/x-java-archive",
        "application/x-debian-package",
        "application/x-rpm",
        "application/x-msdownload",
        "application/x-executable",
        "application/x-sharedlib",
        "application/x-sqlite3",
        "application/x-iso9660-image",
        "application/x-apple-diskimage",
    ];
    // Of types that are lines or fields of text, a server reads what stands behind the beginning of a file.
    let is_for_files = FAMILIES.iter().any(|family| kind.starts_with(family))
        || TYPES.contains(&kind)
        || kind.starts_with("application/x-font-")
        || (kind.starts_with("application/vnd.")
            && !["json", "xml", "yaml", "text", "csv"].iter().any(|text| kind.ends_with(text)));
    // Some formats are known by two letters; a file has more bytes that no text has.
    let is_odd = |byte: &&u8| !matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    is_for_files
        && begins_as_binary(start)
        && start.iter().filter(is_odd).count().saturating_mul(10) >= start.len()
        && std::str::from_utf8(start).is_err()
}

/// Whether bytes begin as a file in a binary format does, and as no text.
pub(super) fn begins_as_binary(start: &[u8]) -> bool {
    /// Every mark stands in these.
    const MARKS: usize = 512;
    let format =
        |start: &[u8]| infer::get(start).filter(|kind| kind.matcher_type() != infer::MatcherType::Text);
    // JSON, XML, a page, a string.
    if matches!(without_odd_blanks(start), [b'{' | b'[' | b'<' | b'"' | b'/' | b'#', ..]) || is_wide(start) {
        return false;
    }
    let Some(found) = format(start) else { return false };
    // The mark of some formats stands further behind (films at 4, `tar` at 257), where a text may have it, too. Before
    // it, they have bytes that no text has: a length, a name that is filled up.
    let mut other = head(start, MARKS).to_vec();
    if let Some(first) = other.first_mut() {
        *first = !*first;
    }
    let is_behind = format(&other).is_some_and(|other| other.mime_type() == found.mime_type());
    !is_behind || head(start, before_mark(&found)).contains(&0)
}

/// How many bytes stand before the mark of a format that does not begin with it.
fn before_mark(format: &infer::Type) -> usize {
    if format.mime_type() == "application/x-tar" { 257 } else { 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_a_form_are_no_markup_and_no_prose() {
        for text in [
            "<a>=1&q=2",
            "<q=1",
            "<x>&user[name]=1",
            "<svg>&_method=DELETE",
            "<!doctype html>&a=b",
            "x&a+b=1",
            "<a>& _method]=x",
            "x\n&$filter=1",
            "<a>x</a>\n&filter:name=1",
            "x&gr\u{f6}\u{df}e=1",
        ] {
            assert!(has_pairs(text.as_bytes()), "{text}");
        }
        for text in [
            "<a href=\"x\">b &amp; c</a>",
            "<?xml version=\"1.0\"?><a/>",
            "<a>x</a>",
            "R&D = costs",
            "a & b = c",
            "",
        ] {
            assert!(!has_pairs(text.as_bytes()), "{text}");
        }
        for text in [
            "q=1",
            "&q=1",
            "a b=1&q=2",
            "a b=1",
            "user[name]=1",
            "form:mail=1",
            "$where=1",
            "stra\u{df}e=1",
            "@a/b=1",
        ] {
            assert!(begins_as_form(text.as_bytes()), "{text}");
        }
        for text in
            ["a b = 1", "the sum\nis=1", "<a b=1>", "a \"b\"=1", "# Title\na = b & c = d", "{\"a\":1}"]
        {
            assert!(!begins_as_form(text.as_bytes()), "{text}");
        }
    }
}
