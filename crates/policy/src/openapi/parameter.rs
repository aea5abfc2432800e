//! Parameters: how a text in a path, query, header or cookie becomes a typed value (OpenAPI 3.1 §4.8.12).

use serde_json::{Number, Value};

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
    pub(super) kind: Kind,
    pub(super) separator: Separator,
    pub(super) validator: Option<jsonschema::Validator>,
}

/// What the schema says a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar(Scalar),
    Array(Scalar),
    /// An object in `deepObject` style: `name[key]=value`.
    Object,
    /// `content` instead of `schema`: JSON in a text.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Integer,
    Number,
    Boolean,
    Text,
}

/// How the items of an array are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// One parameter each.
    Repeated,
    /// In one text.
    Char(char),
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
    /// Whether a query name belongs to this parameter (`name`, `name[]`, `name[key]`).
    pub fn owns(&self, name: &str) -> bool {
        match name.strip_prefix(&*self.name) {
            Some("") => true,
            Some("[]") => matches!(self.kind, Kind::Array(_)),
            Some(rest) => self.kind == Kind::Object && rest.starts_with('[') && rest.ends_with(']'),
            None => false,
        }
    }

    /// Checks the texts that a request has for this parameter.
    ///
    /// # Errors
    /// When it is missing, doubled or does not fit.
    pub fn check(&self, texts: &[&str]) -> Result<(), ParameterError> {
        if texts.is_empty() {
            return if self.required { Err(ParameterError::Missing) } else { Ok(()) };
        }
        let value = match (self.kind, self.separator) {
            (Kind::Object, _) => return Ok(()),
            (Kind::Array(scalar), Separator::Repeated) => {
                Value::Array(texts.iter().map(|t| scalar.read(t)).collect())
            }
            _ if texts.len() > 1 => return Err(ParameterError::Repeated),
            (Kind::Array(scalar), Separator::Char(c)) => {
                Value::Array(texts[0].split(c).map(|t| scalar.read(t)).collect())
            }
            (Kind::Scalar(scalar), _) => scalar.read(texts[0]),
            (Kind::Json, _) => {
                serde_json::from_str(texts[0]).map_err(|_| ParameterError::Invalid("is not JSON".into()))?
            }
        };
        match self.validator.as_ref().and_then(|v| v.iter_errors(&value).next()) {
            Some(error) => Err(ParameterError::Invalid(error.masked_with("the value").to_string())),
            None => Ok(()),
        }
    }
}

impl Scalar {
    /// The typed value of a text; a text that is not of the type stays a text, which the validator then refuses.
    fn read(self, text: &str) -> Value {
        let typed = match self {
            Scalar::Text => None,
            Scalar::Boolean => text.parse().ok().map(Value::Bool),
            Scalar::Integer
                if text.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || (i == 0 && b == b'-')) =>
            {
                text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
            }
            Scalar::Integer => None,
            Scalar::Number if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => {
                text.parse().ok().and_then(Number::from_f64).map(Value::Number)
            }
            Scalar::Number => None,
        };
        typed.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}
