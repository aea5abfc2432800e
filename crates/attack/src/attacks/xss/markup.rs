//! Where a text stands in a page, and whether it runs: as a browser's tokenizer reads it (HTML §13.2.5).

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

use super::script::is_code;

/// Where a text stands in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Context {
    /// Between elements.
    Text,
    /// In an element whose content is text whatever stands there: `title`, `textarea`, `style`.
    Raw(String),
    /// In a script.
    Script,
    /// In a comment.
    Comment,
    /// In the value of an attribute: its name, and what of the marker's signs the value still has.
    Attribute(String, String),
    /// In the name of an element or of an attribute.
    Name,
}

/// How a text runs as a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// In the handler of an event.
    Handler,
    /// As the URL of a link, a form or a frame.
    Url,
    /// In a script.
    Script,
}

impl Runs {
    /// In words for a report.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Runs::Handler => "as the handler of an event",
            Runs::Url => "as a javascript: URL",
            Runs::Script => "in a script",
        }
    }
}

/// What a page holds, in the order in which it stands there.
enum Piece {
    Tag(String, Vec<(String, String)>),
    Text(String, String),
    Comment(String),
}

#[derive(Default)]
struct Pieces {
    pieces: RefCell<Vec<Piece>>,
    /// The element whose content is text.
    within: RefCell<String>,
}

impl TokenSink for Pieces {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => return self.tag(&tag),
            Token::CharacterTokens(text) => {
                let mut pieces = self.pieces.borrow_mut();
                let within = self.within.borrow();
                match pieces.last_mut() {
                    Some(Piece::Text(of, known)) if *of == *within => known.push_str(&text),
                    _ => pieces.push(Piece::Text(within.clone(), text.to_string())),
                }
            }
            Token::CommentToken(text) => self.pieces.borrow_mut().push(Piece::Comment(text.to_string())),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Pieces {
    fn of(page: &str) -> Vec<Piece> {
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from_slice(page));
        let tokenizer = Tokenizer::new(Pieces::default(), Default::default());
        // The sink never stops it, so that it reads to the end.
        let _ = tokenizer.feed(&queue);
        tokenizer.end();
        tokenizer.sink.pieces.take()
    }

    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name = tag.name.to_string();
        self.within.borrow_mut().clear();
        if tag.kind == TagKind::EndTag {
            // An end tag parts what stands before it from what stands after.
            self.pieces.borrow_mut().push(Piece::Tag(name, Vec::new()));
            return TokenSinkResult::Continue;
        }
        let attributes = tag.attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
        self.pieces.borrow_mut().push(Piece::Tag(name.clone(), attributes));
        let kind = match name.as_str() {
            "title" | "textarea" => RawKind::Rcdata,
            "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => RawKind::Rawtext,
            "script" => RawKind::ScriptData,
            "plaintext" => return TokenSinkResult::Plaintext,
            _ => return TokenSinkResult::Continue,
        };
        // A script that is data is none: `<script type="application/json">`.
        let is_data = name == "script"
            && tag.attrs.iter().any(|a| &*a.name.local == "type" && !is_script_type(&a.value));
        *self.within.borrow_mut() = if is_data { "script data".into() } else { name };
        TokenSinkResult::RawData(kind)
    }
}

fn is_script_type(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    value.is_empty() || value == "module" || value.contains("javascript") || value.contains("ecmascript")
}

/// Where a token stands in a page, each place once.
pub(super) fn contexts(page: &str, token: &str) -> Vec<Context> {
    let mut found = Vec::new();
    let mut add = |context: Context| {
        if !found.contains(&context) {
            found.push(context);
        }
    };
    for piece in Pieces::of(page) {
        match piece {
            Piece::Tag(name, attributes) => {
                let has_name =
                    name.contains(token) || attributes.iter().any(|(name, _)| name.contains(token));
                if has_name {
                    add(Context::Name);
                }
                for (name, value) in attributes {
                    if let Some((_, after)) = value.split_once(token) {
                        add(Context::Attribute(name, after.chars().take(4).collect()));
                    }
                }
            }
            Piece::Text(within, text) if text.contains(token) => add(match within.as_str() {
                "" => Context::Text,
                "script" => Context::Script,
                "script data" => Context::Raw("script".into()),
                _ => Context::Raw(within),
            }),
            Piece::Comment(text) if text.contains(token) => add(Context::Comment),
            _ => {}
        }
    }
    found
}

/// Whether `TOKEN()` runs in a page.
pub(super) fn runs(page: &str, token: &str) -> Option<Runs> {
    let call = format!("{token}()");
    Pieces::of(page).into_iter().find_map(|piece| match piece {
        Piece::Tag(element, attributes) => attributes.iter().find_map(|(name, value)| {
            let is_handler = name.len() > 2 && name.starts_with("on");
            if is_handler && is_code(value, &call) {
                return Some(Runs::Handler);
            }
            (is_url_of(&element, name) && is_script_url(value) && value.contains(&call)).then_some(Runs::Url)
        }),
        Piece::Text(within, text) => (within == "script" && is_code(&text, &call)).then_some(Runs::Script),
        Piece::Comment(_) => None,
    })
}

/// Whether a browser goes to the URL of this attribute.
pub(super) fn is_url_of(element: &str, attribute: &str) -> bool {
    matches!(
        (element, attribute),
        ("a" | "area", "href" | "xlink:href")
            | ("form", "action")
            | ("button" | "input", "formaction")
            | ("iframe" | "embed" | "frame", "src")
            | ("object", "data")
    )
}

/// `javascript:` as a browser reads it: without blanks before it, and without line ends within (URL §4.4).
fn is_script_url(value: &str) -> bool {
    let plain: String = value.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let plain = plain.trim_start_matches(|c: char| c <= ' ').to_ascii_lowercase();
    plain.starts_with("javascript:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_where_the_tokenizer_reads_it() {
        let attribute = |name: &str, rest: &str| Context::Attribute(name.into(), rest.into());
        for (page, expected) in [
            ("<p>T<'\">", vec![Context::Text]),
            ("<p>T&lt;", vec![Context::Text]),
            ("<title>T<'\"></title>", vec![Context::Raw("title".into())]),
            ("<script>var a='T'</script>", vec![Context::Script]),
            ("<script type=\"application/json\">\"T\"</script>", vec![Context::Raw("script".into())]),
            ("<!-- T -->", vec![Context::Comment]),
            ("<input value=\"T<'\">", vec![attribute("value", "<'")]),
            ("<input value=\"T&lt;'&quot;&gt;\">", vec![attribute("value", "<'\">")]),
            ("<T>", vec![Context::Name]),
            ("<b>none", vec![]),
        ] {
            // Names are read in small letters.
            assert_eq!(contexts(&page.replace('T', "dw1"), "dw1"), expected, "{page}");
        }
    }

    #[test]
    fn only_what_runs_is_a_script() {
        for (page, expected) in [
            ("<p><img src=x onerror=T()>", Some(Runs::Handler)),
            ("<p>&lt;img src=x onerror=T()&gt;", None),
            ("<input value=\"<img src=x onerror=T()>\">", None),
            ("<textarea><img src=x onerror=T()></textarea>", None),
            ("<textarea></textarea><img src=x onerror=T()></textarea>", Some(Runs::Handler)),
            ("<noscript><img src=x onerror=T()></noscript>", None),
            ("<!-- <img src=x onerror=T()> -->", None),
            ("<script>T()</script>", Some(Runs::Script)),
            ("<script>var a = 'T()'</script>", None),
            ("<script>var a = ''-T()-''</script>", Some(Runs::Script)),
            ("<script type=application/json>T()</script>", None),
            ("<a href=\" java\nscript:T()\">", Some(Runs::Url)),
            ("<a href=\"/javascript:T()\">", None),
            ("<img src=\"javascript:T()\">", None),
            ("<p title=T()>", None),
            ("<button onclick=\"go('T()')\">", None),
            ("<button onclick=\"go('&#39;-T()-&#39;')\">", Some(Runs::Handler)),
        ] {
            assert_eq!(runs(&page.replace('T', "dw1"), "dw1"), expected, "{page}");
        }
    }
}
