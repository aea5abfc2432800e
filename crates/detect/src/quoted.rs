//! Code that a text quotes as Markdown does: in spans of backticks, in fences, in indented blocks. A shell reads backticks,
//! too; so only a text is taken for one that has words of its own, and in which every backtick stands where Markdown has it.

use crate::bytes::{cut, find, head, tail};
use crate::prose::speaks;

/// What a text says itself, without the code that it quotes. Nothing if it quotes none, if the rest is no text, or if a
/// span within a line holds what `is_kept` keeps from being quoted.
pub(crate) fn without_code(value: &[u8], is_kept: fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let mut said = Vec::with_capacity(value.len());
    let mut quotes = false;
    // Whether a paragraph stands before, and whether an indented line may begin a block or continues one.
    let (mut has_text, mut may_indent) = (false, false);
    let mut lines = value.split(|b| *b == b'\n');
    while let Some(line) = lines.next() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(fence) = fence(line) {
            // A fence that nothing closes quotes nothing.
            lines.find(|line| closes(line, fence))?;
            (quotes, may_indent) = (true, true);
        } else if line.trim_ascii().is_empty() {
            may_indent = has_text;
        } else if may_indent && (line.starts_with(b"    ") || line.starts_with(b"\t")) {
            quotes = true;
        } else {
            quotes |= without_spans(line, &mut said, is_kept)?;
            (has_text, may_indent) = (true, false);
        }
        said.push(b'\n');
    }
    (quotes && speaks(&said)).then_some(said)
}

/// The backticks that open a fence, with any name of a language behind them.
fn fence(line: &[u8]) -> Option<usize> {
    let line = line.trim_ascii();
    let length = backticks(line);
    (length > 2 && !tail(line, length).contains(&b'`')).then_some(length)
}

fn closes(line: &[u8], fence: usize) -> bool {
    let line = line.trim_ascii();
    line.len() >= fence && backticks(line) == line.len()
}

fn backticks(text: &[u8]) -> usize {
    text.iter().take_while(|b| **b == b'`').count()
}

/// Appends what a line says without its spans of code, and with links of a chat (`<https://x.example|text>`) by their
/// text. Whether there were any; nothing if a backtick belongs to no span.
fn without_spans(line: &[u8], said: &mut Vec<u8>, is_kept: fn(&[u8]) -> bool) -> Option<bool> {
    let mut quotes = false;
    let mut rest = line;
    while let Some(at) = memchr::memchr2(b'`', b'<', rest) {
        let (outer, behind) = cut(rest, at);
        said.extend_from_slice(outer);
        if let [b'<', after @ ..] = behind {
            let link = link(behind);
            said.extend_from_slice(link.map_or(b"<", |(text, _)| text));
            rest = link.map_or(after, |(_, rest)| rest);
            quotes |= link.is_some();
            continue;
        }
        let length = backticks(behind);
        let content = tail(behind, length);
        let end = ends(content, length)?;
        let (code, after) = (head(content, end), tail(content, end + length));
        if !stands_apart(said, after.first()) || is_kept(code) {
            return None;
        }
        quotes = true;
        rest = after;
    }
    said.extend_from_slice(rest);
    Some(quotes)
}

/// Where as many backticks as opened a span close it.
fn ends(content: &[u8], length: usize) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(b'`', tail(content, at))?;
        let row = backticks(tail(content, at));
        if row == length {
            return (at > 0).then_some(at);
        }
        at += row;
    }
}

/// Whether a span stands between the words of a text, and not where a shell has the next command.
fn stands_apart(before: &[u8], after: Option<&u8>) -> bool {
    before.last().is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'(' | b'[' | b'*' | b'_'))
        && !matches!(before.trim_ascii_end().last(), Some(b';' | b'|' | b'&' | b'=' | b'$' | b'<' | b'>'))
        && after.is_none_or(|b| b.is_ascii_whitespace() || b"),.:;!?]*_'".contains(b))
}

/// The text of a chat's link, and what follows the link.
fn link(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"<http")?;
    let (link, rest) = cut(inner, find(inner, ">")?);
    let (address, name) = cut(link, memchr::memchr(b'|', link)?);
    let is_plain = |b: &u8| b.is_ascii_graphic() && !b"`;|<>\"'\\$(){}".contains(b);
    let name = tail(name, 1);
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || b" ._-#/:".contains(b) || !b.is_ascii();
    (address.contains(&b':') && address.iter().all(is_plain) && name.iter().all(is_name))
        .then_some((name, tail(rest, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        without_code(text.as_bytes(), |code| code.starts_with(b"keep")).map(|text| {
            let text = String::from_utf8_lossy(&text).into_owned();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn code_of_a_text_is_taken_away() {
        for (text, expected) in [
            ("look at `ls -la`", "look at"),
            ("Run `ls -la | grep x` then", "Run then"),
            ("use the `a`, or (``b ` c``); why?", "use the , or (); why?"),
            ("Why is it slow?\n```sh\ncat a | b\n```\nand more", "Why is it slow? and more"),
            ("So run\n\n    a && b\n\n    c\nthen", "So run then"),
            ("all is done <https://x.example|link> `a`", "all is done link"),
        ] {
            assert_eq!(said(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_text_quotes_nothing() {
        for text in [
            "`id`",
            "x `id`",
            "x`id`",
            "look at x`id`",
            "look at a.txt;`id`",
            "look at it && `id` -c",
            "look at it; `id`",
            "look at `id`x",
            "look at `id",
            "look at `keep`",
            "look at this, it is plain",
            "look at\n```\nid",
            "    id\nlook at it",
            "look at\n    id",
            "<http://x|id> `id`",
            "``",
            "",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
