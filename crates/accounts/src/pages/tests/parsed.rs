//! A document as tags, with every error of the parser.

use std::cell::RefCell;
use std::collections::BTreeMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// An element without what is in it.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// The text directly in it.
    pub(super) text: String,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) elements: Vec<Element>,
    pub(super) errors: Vec<String>,
}

const VOID: [&str; 6] = ["meta", "link", "input", "br", "rect", "path"];

#[derive(Default)]
struct Sink {
    document: RefCell<Document>,
    open: RefCell<Vec<usize>>,
}

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
                if !VOID.contains(&name.as_str()) {
                    open.push(document.elements.len());
                }
                document.elements.push(Element { name, attributes, text: String::new() });
            }
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                let opened = open.pop().map(|at| document.elements[at].name.clone());
                if opened.as_deref() != Some(&name) {
                    document.errors.push(format!("</{name}> closes {opened:?}"));
                }
            }
            Token::CharacterTokens(text) => {
                if let Some(at) = open.last() {
                    document.elements[*at].text.push_str(&text);
                }
            }
            Token::ParseError(error) => document.errors.push(error.into_owned()),
            Token::CommentToken(text) => document.errors.push(format!("a comment: {text}")),
            Token::DoctypeToken(_) | Token::NullCharacterToken | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

impl Document {
    pub(super) fn of(html: &str) -> Document {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        let tokenizer =
            Tokenizer::new(Sink::default(), TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() });
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        let mut document = tokenizer.sink.document.take();
        if !tokenizer.sink.open.borrow().is_empty() {
            document.errors.push("elements are not closed".to_owned());
        }
        document
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }
}
