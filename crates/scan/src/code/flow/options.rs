//! Options of a call: named arguments, and the members of objects that are handed over.

use std::collections::HashMap;

use super::state::Scan;
use super::value::Value;
use crate::code::rules::schema::Find;
use crate::code::tree::{Call, Id, Kind};

/// How deep options may stand inside options: `session({ cookie: { secure: true } })`.
const DEEPEST_OPTION: usize = 3;

impl Scan<'_, '_> {
    pub(super) fn options_hold(&self, find: &Find, _id: Id, call: &Call, arguments: &[Value]) -> bool {
        if find.has.is_empty() && find.lacks.is_empty() {
            return true;
        }
        let mut options = HashMap::new();
        for (at, argument) in call.arguments.iter().enumerate() {
            match &argument.name {
                Some(name) => {
                    options.insert(name.clone(), argument.value);
                    self.collect_options(argument.value, 1, &mut options);
                }
                None => {
                    let made = arguments.get(at).and_then(|value| value.made).unwrap_or(argument.value);
                    self.collect_options(made, 0, &mut options);
                }
            }
        }
        self.compare_options(find, &options)
    }

    pub(super) fn value_options_hold(&self, find: &Find, id: Id, value: &Value) -> bool {
        if find.has.is_empty() && find.lacks.is_empty() {
            return true;
        }
        let mut options = HashMap::new();
        self.collect_options(value.made.unwrap_or(id), 0, &mut options);
        self.compare_options(find, &options)
    }

    fn compare_options(&self, find: &Find, options: &HashMap<String, Id>) -> bool {
        let agrees = |name: &String, pattern: &crate::code::rules::words::Pattern| {
            options
                .iter()
                .any(|(option, id)| option.eq_ignore_ascii_case(name) && pattern.is_match(self.text(*id)))
        };
        find.has.iter().all(|(name, pattern)| agrees(name, pattern))
            && (find.lacks.is_empty() || find.lacks.iter().any(|(name, pattern)| !agrees(name, pattern)))
    }

    fn collect_options(&self, id: Id, depth: usize, options: &mut HashMap<String, Id>) {
        if depth >= DEEPEST_OPTION {
            return;
        }
        match self.tree.kind(id) {
            Some(Kind::Map(entries)) => {
                for (key, value) in entries {
                    let Some(key) = key else {
                        // `{ ...defaults, secure: true }`
                        if let Some(made) = self
                            .tree
                            .path(*value)
                            .and_then(|path| self.scope.get(path))
                            .and_then(|value| value.made)
                        {
                            self.collect_options(made, depth + 1, options);
                        }
                        continue;
                    };
                    if let Some(name) = self.tree.constant(*key).or_else(|| self.tree.path(*key)) {
                        options.insert(name.to_owned(), *value);
                    }
                    self.collect_options(*value, depth + 1, options);
                }
            }
            Some(Kind::Call(call)) => {
                for argument in &call.arguments {
                    if let Some(name) = &argument.name {
                        options.insert(name.clone(), argument.value);
                    }
                    self.collect_options(argument.value, depth + 1, options);
                }
            }
            Some(Kind::Spread(inner)) => self.collect_options(*inner, depth + 1, options),
            Some(Kind::Name(_)) => {
                let made =
                    self.tree.path(id).and_then(|path| self.scope.get(path)).and_then(|value| value.made);
                if let Some(made) = made.filter(|made| *made != id) {
                    self.collect_options(made, depth + 1, options);
                }
            }
            _ => {}
        }
    }
}
