//! Actions: `id:1,phase:2,msg:'it''s, well',t:none`.

/// One action with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its name, lower case.
    pub name: String,
    /// What follows the colon, unquoted.
    pub value: Option<String>,
}

/// The actions of a list; commas inside quotes do not part them.
pub(crate) fn parse(text: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' if !text[..at].ends_with('\\') => quoted = !quoted,
            ',' if !quoted => {
                actions.extend(one(&text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    actions.extend(one(&text[start..]));
    actions
}

fn one(text: &str) -> Option<Action> {
    let text = text.trim();
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name, Some(value.trim())),
        None => (text, None),
    };
    let unquote =
        |v: &str| v.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).unwrap_or(v).replace("\\'", "'");
    (!name.is_empty()).then(|| Action { name: name.trim().to_ascii_lowercase(), value: value.map(unquote) })
}
