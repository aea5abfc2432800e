//! Which operations are for administrators: by their words, and by the words that the administrator's account has.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::values::objects;
use crate::census::pool::is_about_oneself;
use crate::prober::Prober;
use crate::surface::Endpoint;
use crate::surface::sensitive::{is_power, is_rank};
use crate::surface::shape::singular;
use crate::surface::words::words;
use crate::who::Who;

/// Words for those who may do more: `librarian`, where the administrator's role is that and the role of others is not.
#[derive(Debug, Default)]
pub(super) struct Powers {
    words: BTreeSet<String>,
}

/// What an account says of its rank: texts of members such as `role`, and names of those that are true.
fn ranks(value: &Value) -> BTreeSet<String> {
    let mut ranks = BTreeSet::new();
    for object in objects(value).into_iter().filter(|object| object.depth <= 2) {
        for (name, value) in object.members {
            match value {
                Value::String(text) if is_rank(name) => ranks.extend(words(text)),
                Value::Array(items) if is_rank(name) => {
                    ranks.extend(items.iter().filter_map(Value::as_str).flat_map(words))
                }
                Value::Bool(true) => ranks
                    .extend(words(name).into_iter().filter(|word| !["is", "has"].contains(&word.as_str()))),
                _ => {}
            }
        }
    }
    ranks
}

impl Powers {
    /// Learnt from what the accounts see of themselves.
    pub(super) fn learn(p: &Prober<'_>) -> Self {
        let is_me = |at: &usize| {
            let endpoint = p.surface.endpoint(*at);
            endpoint.is_read() && is_about_oneself(endpoint)
        };
        let of =
            |at: usize, who| p.control(at, who).and_then(|control| control.reply.value.as_ref().map(ranks));
        let mut powers = Powers::default();
        for at in (0..p.surface.endpoints.len()).filter(is_me) {
            let (Some(more), Some(plain)) = (of(at, Who::Administrator), of(at, Who::Attacker)) else {
                continue;
            };
            let common = |word: &String| {
                ["active", "verified", "enabled", "super", "user", "account", "all"].contains(&word.as_str())
            };
            powers.words.extend(more.difference(&plain).filter(|word| !common(word)).cloned());
        }
        powers
    }

    /// Whether a word means those who may do more.
    fn means(&self, word: &str) -> bool {
        is_power(word) || self.words.contains(&singular(word))
    }

    /// Why an operation is for them, in words; `None` if nothing says so.
    pub(super) fn why(&self, endpoint: &Endpoint) -> Option<String> {
        let segments: Vec<&str> = endpoint.segments().filter(|segment| !segment.contains('{')).collect();
        let last = segments.len().saturating_sub(1);
        // A list of the staff is not for the staff alone.
        let in_path =
            segments.iter().enumerate().filter(|_| endpoint.graphql.is_none()).find_map(|(nth, segment)| {
                words(segment).into_iter().find(|word| {
                    is_power(word) && (nth < last || word.starts_with("admin") || word.starts_with("super"))
                })
            });
        let said = |text: &str| words(text).into_iter().find(|word| is_power(word));
        let in_tags = || endpoint.tags.iter().find_map(|tag| said(tag));
        let in_scopes = || {
            endpoint.scopes.iter().find_map(|scope| words(scope).into_iter().find(|word| self.means(word)))
        };
        let in_id = || {
            words(&endpoint.id)
                .into_iter()
                .find(|word| word.starts_with("admin") || word.starts_with("super"))
        };
        if let Some(word) = in_path.or_else(in_tags).or_else(in_scopes).or_else(in_id) {
            return Some(format!("it is called `{word}`"));
        }
        self.said_in(&endpoint.description).map(|word| format!("the document says that it is for `{word}`"))
    }

    /// The word in a description that says for whom it is: `for librarians`, `(administrators)`, `staff only`.
    fn said_in(&self, text: &str) -> Option<String> {
        let spaced = text.replace('(', " only ").replace(')', " ");
        let all = words(&spaced);
        let says = |word: &str| ["for", "only", "by", "requires", "require", "needs"].contains(&word);
        let is_said = |nth: usize| {
            let before = nth.checked_sub(1).and_then(|nth| all.get(nth)).map(String::as_str);
            let second = nth.checked_sub(2).and_then(|nth| all.get(nth)).map(String::as_str);
            let joins = |word: &str| ["an", "a", "the", "all", "other"].contains(&word);
            before.is_some_and(says)
                || before.is_some_and(joins) && second.is_some_and(says)
                || all
                    .get(nth + 1)
                    .is_some_and(|word| ["only", "access", "role", "rights"].contains(&word.as_str()))
        };
        all.iter()
            .enumerate()
            .find(|(nth, word)| self.means(word) && is_said(*nth))
            .map(|(_, word)| word.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_says_for_whom_it_is() {
        let powers = Powers { words: BTreeSet::from(["librarian".to_owned()]) };
        for (text, expected) in [
            ("Members with their e-mail: for librarians.", Some("librarians")),
            ("Delete a user (administrators)", Some("administrators")),
            ("Admin only", Some("admin")),
            ("Requires the admin role", Some("admin")),
            ("Contact an administrator when this fails", None),
            ("Books that a librarian has read", None),
            ("For members", None),
        ] {
            assert_eq!(powers.said_in(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ranks_are_roles_and_names_of_what_is_true() {
        let me = json!({ "data": { "name": "Ines", "membership": { "role": "LIBRARIAN" }, "is_staff": true, "editor": false } });
        assert_eq!(ranks(&me), BTreeSet::from(["librarian".to_owned(), "staff".to_owned()]));
    }
}
