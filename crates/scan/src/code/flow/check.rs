//! Where rules meet code: each kind of find, and the conditions that all of them share.

use std::collections::HashMap;

use super::demand;
use super::state::Scan;
use super::value::{Hole, Value};
use crate::code::rules::schema::{Find, Position, Rule};
use crate::code::rules::words::any;
use crate::code::tree::{Call, Id, Kind};

impl<'r> Scan<'_, 'r> {
    pub(super) fn check_call(&mut self, id: Id, call: &Call, names: &[String], arguments: &[Value]) {
        let index = &self.engine.index;
        let mut finds: Vec<(&'r Rule, &'r Find)> = index.any_calls.clone();
        let mut seen: Vec<&str> = Vec::new();
        for name in names {
            let last = name.rsplit('.').next().unwrap_or(name);
            if !seen.contains(&last) {
                seen.push(last);
                finds.extend(index.calls.get(last).into_iter().flatten());
            }
        }
        for (rule, find) in finds {
            if any(&find.call, names)
                && !any(&find.unless_call, names)
                && find.count.is_none_or(|(least, most)| (least..=most).contains(&call.arguments.len()))
                && !find.not.as_ref().is_some_and(|not| not.is_match(self.text(id)))
                && self.holds(find)
                && self.options_hold(find, id, call, arguments)
            {
                self.check_arguments(rule, find, id, call, names, arguments);
            }
        }
    }

    fn check_arguments(
        &mut self,
        rule: &'r Rule,
        find: &'r Find,
        id: Id,
        call: &Call,
        names: &[String],
        arguments: &[Value],
    ) {
        let callee = names.first().cloned().unwrap_or_default();
        let asks_value = find.value.is_some()
            || find.text.is_some()
            || find.source.is_some()
            || find.names.is_some()
            || !find.calls.is_empty();
        if !asks_value {
            let label = self.label(id);
            self.hit(rule, find, id, &label, &callee, None);
            return;
        }
        for (at, argument) in call.arguments.iter().enumerate() {
            let chosen = find.arg.is_empty()
                || find.arg.iter().any(|position| match position {
                    Position::At(wanted) => argument.name.is_none() && *wanted == at,
                    Position::Named(name) => argument.name.as_ref() == Some(name),
                });
            let Some(value) = arguments.get(at).filter(|_| chosen) else { continue };
            let value = value.clone();
            if let Some(hole) = self.suits(rule, find, argument.value, &value) {
                let label = match hole.as_ref().map(|hole| hole.label.clone()) {
                    Some(label) if !label.is_empty() => label,
                    _ => self.label(argument.value),
                };
                self.hit(rule, find, id, &label, &callee, hole.as_ref());
                return;
            }
        }
    }

    /// Whether a value suits a find; the hole is what makes it so.
    fn suits(&mut self, rule: &Rule, find: &Find, id: Id, value: &Value) -> Option<Option<Hole>> {
        if let Some(text) = &find.text {
            let constant = value.constant_text()?;
            if !text.is_match(&constant) || find.entropy.is_some_and(|least| entropy(&constant) < least) {
                return None;
            }
        }
        if find.source.as_ref().is_some_and(|source| !source.is_match(self.text(id))) {
            return None;
        }
        if find.names.as_ref().is_some_and(|names| !self.mentions(id, names)) {
            return None;
        }
        if !find.calls.is_empty() && !self.contains_call(id, find) {
            return None;
        }
        match find.value {
            None => Some(None),
            Some(demand) => demand::meets(demand, value, self.bit(rule)).map(|hole| Some(hole.clone())),
        }
    }

    /// A value that is given to a name.
    pub(super) fn check_assign(&mut self, at: Id, name: &str, id: Id, value: &Value) {
        let assigns: &'r [(&'r Rule, &'r Find)] = &self.engine.index.assigns;
        for &(rule, find) in assigns {
            if find.assign.as_ref().is_some_and(|pattern| pattern.is_match(name))
                && !find.not.as_ref().is_some_and(|not| not.is_match(self.text(id)) || not.is_match(name))
                && self.holds(find)
                && self.value_options_hold(find, id, value)
                && let Some(hole) = self.suits(rule, find, id, value)
            {
                let label = match hole.as_ref().map(|hole| hole.label.clone()) {
                    Some(label) if !label.is_empty() => label,
                    _ => name.into(),
                };
                let place = if self.line(at) == self.line(id) { at } else { id };
                self.hit(rule, find, place, &label, name, hole.as_ref());
            }
        }
    }

    /// The same for the whole path, `app.debug`: rules about it have a dot in them.
    pub(super) fn check_assign_path(&mut self, at: Id, path: &str, id: Id, value: &Value) {
        self.check_assign(at, path, id, value);
    }

    pub(super) fn check_string(&mut self, id: Id, text: &str) {
        let strings: &'r [(&'r Rule, &'r Find)] = &self.engine.index.strings;
        for &(rule, find) in strings {
            if let Some(found) = find.string.as_ref().and_then(|pattern| pattern.find(text))
                && !find.not.as_ref().is_some_and(|not| not.is_match(text))
                && find.entropy.is_none_or(|least| entropy(found.as_str()) >= least)
                && self.holds(find)
            {
                // A rule without a flow is about secrets: its finding must not repeat them.
                let label = if rule.flow.is_empty() { "the text" } else { found.as_str() };
                self.hit(rule, find, id, label, "this text", None);
            }
        }
    }

    pub(super) fn check_compare(&mut self, id: Id, left: Id, right: Id) {
        let compares: &'r [(&'r Rule, &'r Find)] = &self.engine.index.compares;
        let constant = |id: Id| matches!(self.tree.kind(id), Some(Kind::Literal(_) | Kind::Text(_)) | None);
        if compares.is_empty() || constant(left) || constant(right) {
            return;
        }
        for &(rule, find) in compares {
            let mut secret = None;
            for side in [left, right] {
                let names = self.paths(side);
                if find.compare.as_ref().is_some_and(|p| names.iter().any(|name| p.is_match(name))) {
                    secret = Some(side);
                }
            }
            let Some(secret) = secret else { continue };
            let excused = |id: Id| find.not.as_ref().is_some_and(|not| not.is_match(self.text(id)));
            if excused(left) || excused(right) || !self.holds(find) {
                continue;
            }
            let label = self.label(secret);
            self.hit(rule, find, id, &label, "", None);
        }
    }

    pub(super) fn check_return(&mut self, at: Id, id: Id, value: &Value) {
        if !self.in_answer() {
            return;
        }
        let returns: &'r [(&'r Rule, &'r Find)] = &self.engine.index.returns;
        for &(rule, find) in returns {
            let value = value.clone();
            if !find.not.as_ref().is_some_and(|not| not.is_match(self.text(id)))
                && self.holds(find)
                && let Some(hole) = self.suits(rule, find, id, &value)
            {
                let label = hole.as_ref().map(|hole| hole.label.clone()).unwrap_or_default();
                self.hit(rule, find, at, &label, "return", hole.as_ref());
            }
        }
    }

    /// The patterns, over the whole file.
    pub(super) fn patterns(&mut self) {
        let patterns = &self.engine.index.patterns;
        for (rule, find, code) in patterns {
            for id in 0..self.tree.nodes.len() {
                if code.matches(self.tree, self.source, id)
                    && !find.not.as_ref().is_some_and(|not| not.is_match(self.text(id)))
                    && self.holds(find)
                {
                    let label = self.label(id);
                    self.hit(rule, find, id, &label, "", None);
                }
            }
        }
    }

    /// What does not depend on the value.
    fn holds(&self, find: &Find) -> bool {
        if find.file.as_ref().is_some_and(|file| !file.is_match(self.file)) {
            return false;
        }
        if let Some(module) = &find.module
            && !self.tree.imports.values().any(|import| module.is_match(import))
        {
            return false;
        }
        if let Some(function) = &find.function
            && !self.contexts.iter().any(|context| function.is_match(&context.name))
        {
            return false;
        }
        if find.with.is_some() || find.without.is_some() {
            let around = self.around();
            let text = around.and_then(|c| self.source.get(c.start..c.end)).unwrap_or_default();
            if find.with.as_ref().is_some_and(|with| !with.is_match(text))
                || find.without.as_ref().is_some_and(|without| without.is_match(text))
            {
                return false;
            }
        }
        !find.no_owner || self.no_owner()
    }

    /// A name inside an expression, but not inside a call that makes something else of it.
    fn mentions(&self, id: Id, names: &regex::Regex) -> bool {
        let knowledge = self.knowledge();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            match self.tree.kind(id) {
                Some(Kind::Name(name)) if names.is_match(name) => return true,
                Some(Kind::Member { object, name }) => {
                    if names.is_match(name) {
                        return true;
                    }
                    // `user.name` does not mention what `user` mentions; `password.length` does not tell it.
                    if self.tree.path(*object).is_none() {
                        open.push(*object);
                    }
                }
                Some(Kind::Index { index, .. }) => {
                    let key = index.and_then(|index| self.tree.constant(index));
                    if key.is_some_and(|key| names.is_match(key)) {
                        return true;
                    }
                }
                Some(Kind::Call(call)) => {
                    let last =
                        self.tree.path(call.callee).and_then(|p| p.rsplit('.').next()).unwrap_or_default();
                    if knowledge.keep.iter().any(|name| name == last)
                        && let Some(Kind::Member { object, .. }) = self.tree.kind(call.callee)
                    {
                        open.push(*object);
                    }
                    let paths = self.paths(call.callee);
                    let client = any(&knowledge.sources, &self.paths(id));
                    if client
                        || any(&knowledge.propagate, &paths)
                        || any(&knowledge.format, &paths)
                        || last == "get"
                    {
                        for argument in &call.arguments {
                            open.push(argument.value);
                            // `request.form.get("password")`
                            if (client || last == "get")
                                && self.tree.constant(argument.value).is_some_and(|key| names.is_match(key))
                            {
                                return true;
                            }
                        }
                        if let Some(Kind::Member { object, .. }) = self.tree.kind(call.callee) {
                            open.push(*object);
                        }
                    }
                }
                Some(Kind::Function(_) | Kind::Not(_)) | None => {}
                Some(Kind::Binary { operator, left, right }) => {
                    if matches!(operator.as_str(), "+" | "." | "%") {
                        open.extend([*left, *right]);
                    }
                }
                Some(Kind::Choice { branches, .. }) => open.extend(branches),
                Some(Kind::Map(entries)) => {
                    for (key, value) in entries {
                        let constant =
                            matches!(self.tree.kind(*value), Some(Kind::Text(_) | Kind::Literal(_)));
                        let named = key
                            .and_then(|key| self.tree.constant(key))
                            .is_some_and(|key| names.is_match(key));
                        if named && !constant {
                            return true;
                        }
                        open.push(*value);
                    }
                }
                Some(_) => open.extend(self.tree.children(id)),
            }
        }
        false
    }

    fn contains_call(&self, id: Id, find: &Find) -> bool {
        self.tree.below(id).into_iter().any(|id| match self.tree.kind(id) {
            Some(Kind::Call(call)) => {
                let names = self.paths(call.callee);
                any(&find.calls, &names) && !any(&find.unless_call, &names)
            }
            Some(Kind::Name(_)) => {
                let made =
                    self.tree.path(id).and_then(|path| self.scope.get(path)).and_then(|v| v.path.clone());
                made.is_some_and(|made| {
                    let bare = made.trim_end_matches("()").to_owned();
                    made.ends_with("()") && any(&find.calls, &[bare])
                })
            }
            _ => false,
        })
    }
}

/// Shannon entropy in bits for each character.
fn entropy(text: &str) -> f64 {
    let mut counts: HashMap<char, f64> = HashMap::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1.0;
    }
    let total: f64 = counts.values().sum();
    counts.values().map(|count| -(count / total) * (count / total).log2()).sum()
}
