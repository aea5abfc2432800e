//! TOML, with the places that the parser keeps.

use toml::de::{DeTable, DeValue};

use super::budget::{Budget, Lines};
use super::node::{Node, Value};
use crate::deps::limits::Limits;
use crate::deps::package::TextFault;

/// Reads a document.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Node, TextFault> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(0, |span| lines.at(span.start));
        TextFault::new(line, format!("this is no TOML: {}", error.message()))
    })?;
    let mut reader = Reader { lines, budget: Budget::new(limits) };
    Ok(Node { line: 1, value: reader.table(table.get_ref(), 0)? })
}

struct Reader {
    lines: Lines,
    budget: Budget,
}

impl Reader {
    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Result<Value, TextFault> {
        let entries = table.iter().map(|(key, value)| {
            let line = self.lines.at(key.span().start);
            Ok((key.get_ref().to_string(), self.node(value.get_ref(), line, depth + 1)?))
        });
        Ok(Value::Map(entries.collect::<Result<_, _>>()?))
    }

    fn node(&mut self, value: &DeValue<'_>, line: usize, depth: usize) -> Result<Node, TextFault> {
        self.budget.take(depth, line)?;
        let value = match value {
            DeValue::String(text) => Value::Scalar(text.to_string()),
            DeValue::Integer(number) => Value::Scalar(number.as_str().to_owned()),
            DeValue::Float(number) => Value::Scalar(number.as_str().to_owned()),
            DeValue::Boolean(truth) => Value::Scalar(truth.to_string()),
            DeValue::Datetime(time) => Value::Scalar(time.to_string()),
            DeValue::Table(table) => self.table(table, depth)?,
            DeValue::Array(items) => {
                let items = items.iter().map(|item| {
                    let line = self.lines.at(item.span().start);
                    self.node(item.get_ref(), line, depth + 1)
                });
                Value::List(items.collect::<Result<_, _>>()?)
            }
        };
        Ok(Node { line, value })
    }
}
