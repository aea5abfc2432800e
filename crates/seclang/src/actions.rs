//! Action lists: `id:1,phase:2,msg:'one, two',t:none`.

/// One action of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its name, in lower case.
    pub name: String,
    /// What follows the colon, unquoted.
    pub value: Option<String>,
}

/// Parses an action list. Commas in quotes do not separate.
pub(crate) fn parse(text: &str) -> Vec<Action> {
    let mut is_quoted = false;
    let mut before = None;
    let separates = |c: char| {
        if c == '\'' && before != Some('\\') {
            is_quoted = !is_quoted;
        }
        before = Some(c);
        c == ',' && !is_quoted
    };
    text.split(separates).filter_map(action).collect()
}

fn action(text: &str) -> Option<Action> {
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name, Some(value.trim())),
        None => (text, None),
    };
    let name = name.trim().to_ascii_lowercase();
    let unquote =
        |v: &str| v.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).unwrap_or(v).replace("\\'", "'");
    (!name.is_empty()).then(|| Action { name, value: value.map(unquote) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_lists_are_split_at_commas_outside_quotes() {
        for (text, expected) in [
            ("id:1,phase:2", &[("id", Some("1")), ("phase", Some("2"))][..]),
            ("msg:'one, two',deny", &[("msg", Some("one, two")), ("deny", None)]),
            (r"msg:'it\'s, well',t:none", &[("msg", Some("it's, well")), ("t", Some("none"))]),
            (" T:lowercase , setvar:'tx.a=b:c' ", &[("t", Some("lowercase")), ("setvar", Some("tx.a=b:c"))]),
            (",,", &[]),
            ("", &[]),
        ] {
            let actions = parse(text);
            let found: Vec<_> = actions.iter().map(|a| (a.name.as_str(), a.value.as_deref())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
