//! Every setting as it holds, for `doorward check`: made of the tables themselves, so that no setting can be missing.

use serde_json::Value;

use crate::config::Config;

/// A setting and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key path: `ownership.ledger.ttl`, `auth.issuer[0].jwks`.
    pub setting: String,
    /// Its value as it would be written, or `not set`.
    pub value: String,
    /// Whether the value is the default.
    pub is_default: bool,
}

/// Every setting of every table, in the order of the tables; routes have rows of their own.
pub(crate) fn rows(config: &Config) -> Vec<Row> {
    let defaults = leaves(&Config::default());
    let is_default = |setting: &str, value: &str| {
        defaults.iter().any(|(known, default)| known == setting && default == value)
    };
    leaves(config)
        .into_iter()
        .map(|(setting, value)| Row { is_default: is_default(&setting, &value), setting, value })
        .collect()
}

fn leaves(config: &Config) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::to_value(config) {
        visit(String::new(), &value, &mut found);
    }
    found
}

fn visit(path: String, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (name, value) in table {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                visit(path, value, found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (i, item) in items.iter().enumerate() {
                visit(format!("{path}[{i}]"), item, found);
            }
        }
        Value::Null => found.push((path, "not set".into())),
        value => found.push((path, value.to_string())),
    }
}
