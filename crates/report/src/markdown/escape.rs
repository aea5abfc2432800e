//! Text from outside, for each place in Markdown.

use crate::reference::Reference;
use crate::visible::on_one_line;

/// A space of no width. It breaks what the hosts make links of by themselves: mentions, issues, addresses.
const BREAK: &str = "&#8203;";

/// Text in a line, after something of ours: what matters only at the start of a line is left alone.
pub(super) fn inline(text: &str) -> String {
    escaped(text, |c| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' | '{' | '}'))
}

/// Text between HTML tags, where Markdown is not read.
pub(super) fn html(text: &str) -> String {
    escaped(text, |_| false)
}

fn escaped(text: &str, is_markdown: impl Fn(char) -> bool) -> String {
    let line = on_one_line(text);
    let mut out = String::with_capacity(line.len());
    let mut before = ' ';
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if is_markdown(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
        let is_broken = match c {
            '@' => true,
            // #1 and !1 are an issue and a merge request, $1 and %1 a snippet and a milestone, ~1 a label.
            '#' | '!' | '$' | '%' | '~' => next.is_alphanumeric() || next == '"',
            ':' => next == '/',
            'w' | 'W' => next == '.',
            '-' => before.eq_ignore_ascii_case(&'h') && next.is_ascii_digit(),
            _ => false,
        };
        if is_broken {
            out.push_str(BREAK);
        }
        before = c;
    }
    out
}

/// A reference, as a link where it has a page.
pub(super) fn link(reference: &Reference) -> String {
    let label = inline(&reference.label());
    match reference.url() {
        Some(url) => format!("[{label}](<{}>)", address(&url)),
        None => label,
    }
}

/// An address between angle brackets, where only a few characters matter.
fn address(url: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const SET: &AsciiSet = &CONTROLS.add(b' ').add(b'<').add(b'>').add(b'"').add(b'\\').add(b'`').add(b'|');
    // Within a table or a list an entity would be decoded.
    utf8_percent_encode(url, SET).to_string().replace('&', "&amp;")
}

/// A block of code whose fence is longer than any run of backticks in it.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_formats_links_or_mentions() {
        for (text, shown) in [
            ("a | b", "a \\| b"),
            ("<script>&", "&lt;script&gt;&amp;"),
            ("*b* _i_ `c` ~~s~~", "\\*b\\* \\_i\\_ \\`c\\` \\~\\~&#8203;s\\~\\~"),
            ("![x](http://a)", "\\!\\[x\\](http:&#8203;//a)"),
            ("@everyone", "@&#8203;everyone"),
            ("fixes #12 GH-3 !4", "fixes #&#8203;12 GH-&#8203;3 \\!&#8203;4"),
            ("www.evil.test", "www&#8203;.evil.test"),
            ("two\nlines\u{202e}", "two lines\\\\u\\{202e\\}"),
        ] {
            assert_eq!(inline(text), shown);
        }
        assert_eq!(html("<b>*@x"), "&lt;b&gt;*@&#8203;x");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("sh", "a ```` b"), "`````sh\na ```` b\n`````\n");
        assert_eq!(fenced("", "a"), "```\na\n```\n");
    }

    #[test]
    fn links_cannot_be_left() {
        let reference = Reference::parse("https://a.test/x>) [y](https://b.test) &lt;");
        assert_eq!(
            link(&reference),
            "[https:&#8203;//a.test/x&gt;) \\[y\\](https:&#8203;//b.test) &amp;lt;]\
             (<https://a.test/x%3E)%20[y](https://b.test)%20&amp;lt;>)"
        );
    }
}
