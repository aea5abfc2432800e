//! Where values are put: variables, fields, elements, and the branches between which they differ.

use std::rc::Rc;

use super::state::Scan;
use super::value::{Step, Value};
use crate::code::tree::{Argument, Call, Id, Kind};

impl Scan<'_, '_> {
    pub(super) fn map(&mut self, id: Id, entries: &[(Option<Id>, Id)]) -> Value {
        let mut map = Value { list: true, made: Some(id), ..Value::default() };
        for (key, entry) in entries {
            if let Some(key) = key {
                self.value(*key);
            }
            let value = self.value(*entry);
            if let Some(key) = key {
                let name = self.tree.constant(*key).or_else(|| self.tree.path(*key)).map(str::to_owned);
                if let Some(name) = name {
                    self.check_assign(id, &name, *entry, &value);
                }
                let mut part = value;
                let line = self.line(*entry);
                part.field(line);
                map.push(&part);
            } else {
                map.push(&value);
            }
        }
        map
    }

    pub(super) fn assign(&mut self, id: Id, target: Id, value: Id, adds: bool) -> Value {
        let mut given = self.value(value);
        let line = self.line(id);
        given.step(line);
        if given.path.is_none() {
            given.path = match self.tree.kind(value) {
                Some(Kind::Call(_) | Kind::Member { .. }) => {
                    let names = self.paths(self.promised(value));
                    names.last().map(|name| name.as_str().into())
                }
                _ => None,
            };
        }
        if let Some(name) = self.tree.path(target).map(str::to_owned) {
            let last = name.rsplit('.').next().unwrap_or(&name);
            let key = match self.tree.kind(target) {
                Some(Kind::Index { index: Some(index), .. }) => self.tree.constant(*index),
                _ => None,
            };
            let named = key.unwrap_or(last).to_owned();
            self.check_assign(id, &named, value, &given);
            if key.is_none() && named != name {
                self.check_assign_path(id, &name, value, &given);
            }
        }
        if adds && let Some(known) = self.tree.path(target).and_then(|path| self.scope.get(path)) {
            let mut joined = known.clone();
            joined.push(&given);
            joined.path = None;
            given = joined;
        }
        self.bind(target, &given);
        given
    }

    /// `promisify(exec)` is still `exec`.
    fn promised(&self, id: Id) -> Id {
        match self.tree.kind(id) {
            Some(Kind::Call(call))
                if self.tree.path(call.callee).is_some_and(|path| path.ends_with("promisify")) =>
            {
                call.arguments.first().map_or(id, |argument| argument.value)
            }
            _ => id,
        }
    }

    /// Gives a value to a variable, or takes it apart into several.
    pub(super) fn bind(&mut self, target: Id, value: &Value) {
        let tree = self.tree;
        match tree.kind(target) {
            Some(Kind::Name(name)) => self.scope.set(name, value.clone()),
            Some(Kind::Member { .. }) => {
                if let Some(path) = tree.path(target) {
                    self.scope.set(path, value.clone());
                }
            }
            Some(Kind::Index { object, index }) => {
                if let Some(key) = *index {
                    // `object[key] = value` is looked at like a call of that name.
                    let argument = Argument { name: None, value: key };
                    let call = Call { callee: target, arguments: vec![argument] };
                    let key = self.value(key);
                    self.check_call(target, &call, &["[]=".to_owned()], &[key]);
                }
                // A container holds what is put into it.
                let object = *object;
                if let Some(path) = tree.path(object) {
                    let mut known =
                        self.scope.get(path).cloned().unwrap_or(Value { list: true, ..Value::default() });
                    let mut part = value.clone();
                    part.field(tree.place(target).line);
                    known.push(&part);
                    self.scope.set(path, known);
                }
            }
            Some(Kind::Map(entries)) => {
                for (key, part) in entries {
                    let mut field = value.holes_only();
                    if key.is_some() {
                        field.field(tree.place(*part).line);
                        for hole in field.holes_mut() {
                            if let Some(way) = &hole.way {
                                let line = tree.place(*part).line;
                                hole.way =
                                    Some(Rc::new(Step { line, before: Some(way.clone()), fresh: true }));
                            }
                        }
                    }
                    self.bind(*part, &field);
                }
            }
            Some(Kind::List(parts)) => {
                for part in parts {
                    self.bind(*part, &Value { list: false, path: None, made: None, ..value.clone() });
                }
            }
            Some(Kind::Spread(part) | Kind::Assign { target: part, .. }) => self.bind(*part, value),
            Some(Kind::Other(parts)) => {
                for part in parts {
                    self.bind(*part, value);
                }
            }
            _ => {}
        }
    }

    pub(super) fn branches(&mut self, condition: Id, then: &[Id], otherwise: &[Id]) {
        self.value(condition);
        self.guard(condition);
        let before = self.scope.here();
        for statement in then {
            self.value(*statement);
        }
        let after = self.scope.swap(before);
        for statement in otherwise {
            self.value(*statement);
        }
        self.scope.merge(after);
    }

    pub(super) fn choice(&mut self, condition: Option<Id>, branches: &[Id]) -> Value {
        if let Some(condition) = condition {
            self.value(condition);
            self.guard(condition);
        }
        let mut chosen: Option<Value> = None;
        for branch in branches {
            let value = self.value(*branch);
            chosen = Some(match chosen {
                Some(known) => known.worse(value),
                None => value,
            });
        }
        chosen.unwrap_or_default()
    }
}
