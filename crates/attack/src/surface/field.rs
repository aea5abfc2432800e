//! A field of a GraphQL schema as an operation.

use serde_json::{Map, Value, json};

use super::words::words;

/// A field of a GraphQL schema that is an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Graphql {
    /// Its name.
    pub name: String,
    /// Whether it reads or writes.
    pub kind: GraphqlKind,
    /// Its arguments with their types as they are written.
    pub arguments: Vec<(String, String)>,
    /// What is asked for of its answer, with the braces; empty for a scalar.
    pub selection: String,
    /// The name of the type of its answer.
    pub output: String,
}

/// Whether a field reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GraphqlKind {
    /// A field of Query.
    Query,
    /// A field of Mutation.
    Mutation,
}

impl GraphqlKind {
    /// The word that begins an operation.
    pub const fn word(self) -> &'static str {
        match self {
            GraphqlKind::Query => "query",
            GraphqlKind::Mutation => "mutation",
        }
    }
}

impl Graphql {
    /// The body of a request with these arguments (GraphQL over HTTP §5.4).
    pub(crate) fn request(&self, arguments: &Map<String, Value>) -> Value {
        let given: Vec<&(String, String)> =
            self.arguments.iter().filter(|(name, _)| arguments.contains_key(name)).collect();
        let list = |text: fn(&(String, String)) -> String| {
            let texts: Vec<String> = given.iter().map(|argument| text(argument)).collect();
            if texts.is_empty() { String::new() } else { format!("({})", texts.join(", ")) }
        };
        let declared = list(|(name, kind)| format!("${name}: {kind}"));
        let passed = list(|(name, _)| format!("{name}: ${name}"));
        let word = self.kind.word();
        let query = format!("{word} {declared} {{ {}{passed} {} }}", self.name, self.selection);
        json!({ "query": query, "variables": arguments })
    }

    /// What the field is about: `updateNote` is about notes, and so is `notes`.
    pub(crate) fn noun(&self) -> String {
        let words = words(&self.name);
        let verbs = usize::from(self.kind == GraphqlKind::Mutation && words.len() > 1);
        let mut noun = String::new();
        for word in words.get(verbs..).unwrap_or_default() {
            // The words stay apart: `directMessages` are messages.
            match word.get(..1).filter(|_| !noun.is_empty()) {
                Some(first) => noun.push_str(&(first.to_ascii_uppercase() + word.get(1..).unwrap_or(""))),
                None => noun.push_str(word),
            }
        }
        noun
    }
}
