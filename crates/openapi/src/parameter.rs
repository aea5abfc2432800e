//! Parameters: how texts in a path, query, header or cookie become a typed value (OpenAPI 3.1 §4.8.12).

use std::sync::Arc;

use serde_json::Value;

use crate::cost::Validator;
use crate::text::{Kind, Reading};

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// A request header.
    Header,
    /// A cookie.
    Cookie,
}

/// A declared parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name; header names compare without case.
    pub name: Box<str>,
    /// Where it stands.
    pub location: Location,
    /// Whether a request must have it.
    pub required: bool,
    /// Where its schema is in the document, as a JSON Pointer.
    pub schema: Option<Box<str>>,
    pub(crate) kind: Kind,
    pub(crate) style: Style,
    pub(crate) explode: bool,
    pub(crate) validator: Option<Arc<Validator>>,
}

/// How a value is written (OpenAPI 3.1 §4.8.12.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Form,
    Simple,
    Label,
    Matrix,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
}

/// Why a parameter is refused. Never holds the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A required parameter is not there.
    #[error("is required")]
    Missing,
    /// A parameter that is not a list stands more than once: two readings of one request.
    #[error("stands more than once")]
    Repeated,
    /// The text does not fit the schema.
    #[error("{0}")]
    Invalid(String),
}

impl Parameter {
    /// Whether a query or cookie name belongs to this parameter: `name`, `name[]`, `name[key]`, or a property of an
    /// object that is written as names of its own.
    pub fn owns(&self, name: &str) -> bool {
        match (&self.kind, self.style, self.explode) {
            (Kind::Object(fields), Style::Form, true) => fields.has(name),
            (Kind::Object(_), Style::DeepObject, _) => name
                .strip_prefix(&*self.name)
                .is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']')),
            (Kind::Array(_), ..) => name == &*self.name || name.strip_suffix("[]") == Some(&*self.name),
            _ => name == &*self.name,
        }
    }

    /// Checks the names and texts that a request has for this parameter.
    ///
    /// # Errors
    /// When it is missing, doubled or does not fit.
    pub fn check(&self, texts: &[(&str, &str)]) -> Result<(), ParameterError> {
        if texts.is_empty() {
            return if self.required { Err(ParameterError::Missing) } else { Ok(()) };
        }
        let first = self.fits(texts, Reading::Text);
        // A text of more than one possible type may be meant as the other one.
        if first.is_err() && self.fits(texts, Reading::Literal).is_ok() { Ok(()) } else { first }
    }

    /// The value that a request's texts for this parameter spell; `None` when there are none.
    ///
    /// # Errors
    /// When it is doubled or malformed.
    pub fn read(&self, texts: &[(&str, &str)]) -> Result<Option<Value>, ParameterError> {
        if texts.is_empty() { Ok(None) } else { self.value(texts, Reading::Text).map(Some) }
    }

    fn fits(&self, texts: &[(&str, &str)], reading: Reading) -> Result<(), ParameterError> {
        let value = self.value(texts, reading)?;
        match self.validator.as_ref().and_then(|validator| validator.first_error(&value)) {
            Some(error) => Err(ParameterError::Invalid(error)),
            None => Ok(()),
        }
    }

    fn value(&self, texts: &[(&str, &str)], reading: Reading) -> Result<Value, ParameterError> {
        let repeats = self.explode && self.style == Style::Form;
        match &self.kind {
            Kind::Object(fields) if self.style == Style::DeepObject => {
                let inner =
                    texts.iter().map(|(name, text)| (name.strip_prefix(&*self.name).unwrap_or(name), *text));
                // `name[a][b]` is `a[b]` of the object.
                let names: Vec<(String, &str)> = inner.map(|(rest, text)| (unbracket(rest), text)).collect();
                Ok(fields.read(names.iter().map(|(name, text)| (name.as_str(), *text)), reading))
            }
            Kind::Object(fields) if repeats => Ok(fields.read(texts.iter().copied(), reading)),
            Kind::Array(scalar) if repeats => {
                Ok(Value::Array(texts.iter().map(|(_, text)| scalar.read(text, reading)).collect()))
            }
            kind => match texts {
                [(_, text)] => self.single(kind, text, reading),
                _ => Err(ParameterError::Repeated),
            },
        }
    }

    /// A value that stands in one text.
    fn single(&self, kind: &Kind, text: &str, reading: Reading) -> Result<Value, ParameterError> {
        let malformed = || ParameterError::Invalid("is not written as its style asks".into());
        let matrix = format!(";{}=", self.name);
        let (text, separator) = match (self.style, self.explode) {
            (Style::Label, explode) => {
                let rest = text.strip_prefix('.').ok_or_else(malformed)?;
                (rest.to_owned(), if explode { '.' } else { ',' })
            }
            (Style::Matrix, true) if matches!(kind, Kind::Object(_)) => {
                (text.strip_prefix(';').ok_or_else(malformed)?.to_owned(), ';')
            }
            (Style::Matrix, true) => {
                (text.strip_prefix(&matrix).ok_or_else(malformed)?.replace(&matrix, "\u{0}"), '\u{0}')
            }
            (Style::Matrix, false) => (text.strip_prefix(&matrix).ok_or_else(malformed)?.to_owned(), ','),
            (Style::SpaceDelimited, _) => (text.to_owned(), ' '),
            (Style::PipeDelimited, _) => (text.to_owned(), '|'),
            _ => (text.to_owned(), ','),
        };
        Ok(match kind {
            Kind::Scalar(scalar) => scalar.read(&text, reading),
            Kind::Array(scalar) => Value::Array(
                text.split(separator).map(|item| scalar.read(item.trim_start(), reading)).collect(),
            ),
            Kind::Object(fields) if self.explode => {
                let pairs: Option<Vec<_>> = text.split(separator).map(|pair| pair.split_once('=')).collect();
                fields.read(pairs.ok_or_else(malformed)?, reading)
            }
            Kind::Object(fields) => {
                let parts: Vec<&str> = text.split(separator).collect();
                let (pairs, []) = parts.as_chunks::<2>() else { return Err(malformed()) };
                fields.read(pairs.iter().map(|[name, value]| (*name, *value)), reading)
            }
            Kind::Json => {
                serde_json::from_str(&text).map_err(|_| ParameterError::Invalid("is not JSON".into()))?
            }
        })
    }
}

/// `[a][b]` as `a[b]`.
fn unbracket(rest: &str) -> String {
    let inner = rest.trim_start_matches('[');
    match inner.split_once(']') {
        Some((first, deeper)) => format!("{first}{deeper}"),
        None => inner.to_owned(),
    }
}
