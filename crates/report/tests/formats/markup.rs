//! HTML and XML, read back: well-formed, and nothing but what the report writes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use quick_xml::Reader;
use quick_xml::events::Event;

/// An element, and the names of those around it.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) parent: String,
    /// The text directly in it.
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) elements: Vec<Element>,
    pub(crate) errors: Vec<String>,
}

impl Document {
    pub(crate) fn all<'d>(&'d self, name: &'d str) -> impl Iterator<Item = &'d Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }
}

#[derive(Default)]
struct Sink {
    document: RefCell<Document>,
    open: RefCell<Vec<usize>>,
}

const VOID: [&str; 2] = ["meta", "br"];

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let (mut document, mut open) = (self.document.borrow_mut(), self.open.borrow_mut());
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let name = tag.name.to_string();
                if tag.had_duplicate_attributes {
                    document.errors.push(format!("an attribute twice in <{name}>"));
                }
                let attributes =
                    tag.attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
                let parent = open.last().map(|at| document.elements[*at].name.clone()).unwrap_or_default();
                if !VOID.contains(&name.as_str()) {
                    open.push(document.elements.len());
                }
                document.elements.push(Element { name, attributes, parent, text: String::new() });
            }
            Token::TagToken(tag) => {
                let opened = open.pop().map(|at| document.elements[at].name.clone());
                if opened.as_deref() != Some(&*tag.name) {
                    document.errors.push(format!("</{}> closes {opened:?}", tag.name));
                }
            }
            Token::CharacterTokens(text) => {
                if let Some(at) = open.last() {
                    document.elements[*at].text.push_str(&text);
                }
            }
            Token::ParseError(error) => document.errors.push(error.into_owned()),
            Token::CommentToken(text) => document.errors.push(format!("a comment: {text}")),
            Token::NullCharacterToken => document.errors.push("a null character".into()),
            Token::DoctypeToken(_) | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

/// Reads HTML.
pub(crate) fn html(text: &str) -> Document {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text));
    let options = TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Sink::default(), options);
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut document = tokenizer.sink.document.take();
    if !tokenizer.sink.open.borrow().is_empty() {
        document.errors.push("elements are not closed".into());
    }
    document
}

/// Reads XML 1.0. The parser lets forbidden characters pass (§2.2), so they are looked for here.
pub(crate) fn xml(text: &str) -> Document {
    let mut document = Document::default();
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if let Some(c) = text.chars().find(|c| !is_allowed(*c)) {
        document.errors.push(format!("{c:?} is no character of XML"));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<usize> = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let mut attributes = BTreeMap::new();
                for attribute in start.attributes() {
                    match attribute {
                        Ok(attribute) => {
                            let name = attribute.key.as_ref().to_owned();
                            match quick_xml::escape::unescape(&attribute.value) {
                                Ok(value) => drop(attributes.insert(name, value.into_owned())),
                                Err(error) => document.errors.push(error.to_string()),
                            }
                        }
                        Err(error) => document.errors.push(error.to_string()),
                    }
                }
                let parent = open.last().map(|at| document.elements[*at].name.clone()).unwrap_or_default();
                let name = start.name().as_ref().to_owned();
                open.push(document.elements.len());
                document.elements.push(Element { name, attributes, parent, text: String::new() });
            }
            Ok(Event::End(_)) => drop(open.pop()),
            Ok(Event::Text(text)) => {
                if let Some(at) = open.last() {
                    document.elements[*at].text.push_str(&text);
                }
            }
            Ok(Event::GeneralRef(reference)) => {
                let text = format!("&{};", &*reference);
                match (quick_xml::escape::unescape(&text), open.last()) {
                    (Ok(text), Some(at)) => document.elements[*at].text.push_str(&text),
                    (Ok(_), None) => document.errors.push(format!("{text} outside of all elements")),
                    (Err(error), _) => document.errors.push(error.to_string()),
                }
            }
            Ok(Event::Decl(_)) => {}
            Ok(Event::Eof) => break,
            Ok(other) => document.errors.push(format!("not expected: {other:?}")),
            Err(error) => {
                document.errors.push(error.to_string());
                break;
            }
        }
    }
    if !open.is_empty() {
        document.errors.push("elements are not closed".into());
    }
    document
}
