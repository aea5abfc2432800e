//! Calls: what they make of the values that they are given.

use std::sync::LazyLock;

use regex::Regex;

use super::state::Scan;
use super::value::{EVERYWHERE, Hole, Piece, Value};
use crate::code::rules::words::any;
use crate::code::tree::{Call, Function, Id, Kind};
use std::rc::Rc;

/// Methods that hand each element of the object to a function.
const EACH: [&str; 9] =
    ["map", "forEach", "filter", "then", "each", "flatMap", "ifPresent", "reduce", "find"];

impl Scan<'_, '_> {
    pub(super) fn call(&mut self, id: Id, call: &Call) -> Value {
        let tree = self.tree;
        let receiver = match tree.kind(call.callee) {
            Some(Kind::Member { object, .. }) => self.value(*object),
            Some(Kind::Name(_)) | None => Value::default(),
            Some(_) => self.value(call.callee),
        };
        let last = tree.path(call.callee).and_then(|path| path.rsplit('.').next()).unwrap_or_default();
        let names = self.paths(call.callee);
        let mut given: Option<Value> = None;
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let value = match tree.kind(argument.value) {
                Some(Kind::Function(function)) => {
                    let result = self.callback(argument.value, function, call, last, &receiver);
                    given = Some(result);
                    Value::constant()
                }
                _ => self.value(argument.value),
            };
            if let Some(name) = &argument.name {
                self.check_assign(id, name, argument.value, &value);
            }
            arguments.push(value);
        }
        self.check_call(id, call, &names, &arguments);
        let result = self.result(id, call, last, &names, receiver, &arguments);
        match given {
            Some(given) if last == "map" || last == "then" => Value { list: true, ..given.worse(result) },
            _ => result,
        }
    }

    /// A function that is given to a call: it knows what it stands beside, and often what it is called with.
    fn callback(&mut self, id: Id, function: &Function, call: &Call, last: &str, receiver: &Value) -> Value {
        let tree = self.tree;
        let beside: Vec<&str> = call
            .arguments
            .iter()
            .filter(|argument| !matches!(tree.kind(argument.value), Some(Kind::Function(_))))
            .map(|argument| self.text(argument.value))
            .collect();
        let beside = beside.join(" ");
        let each = EACH.contains(&last).then(|| {
            let mut element = receiver.clone();
            element.list = false;
            element.made = None;
            element.path = None;
            element
        });
        self.function_beside(id, function, beside, each.as_ref())
    }

    fn result(
        &mut self,
        id: Id,
        call: &Call,
        last: &str,
        names: &[String],
        receiver: Value,
        arguments: &[Value],
    ) -> Value {
        let knowledge = self.knowledge();
        if any(&knowledge.fills, names) {
            self.fill(id, call);
        }
        if let Some(value) = self.source_value(id) {
            return value;
        }
        let together = |mut all: Value| {
            for argument in arguments {
                all.push(argument);
            }
            all
        };
        if any(&knowledge.casts, names) {
            let mut number = together(receiver.holes_only()).holes_only();
            number.clean(EVERYWHERE);
            return constant_if_empty(number);
        }
        let index = &self.engine.index;
        let cleaning = index.sanitizers.iter().filter(|(sanitizer, _)| any(&sanitizer.call, names));
        let bits = cleaning.fold(0, |bits, (_, more)| bits | more);
        if bits != 0 {
            let mut clean = together(Value { path: None, made: None, ..receiver });
            clean.clean(bits);
            clean.field(self.line(id));
            return constant_if_empty(Value { list: false, path: None, made: None, ..clean });
        }
        if any(&knowledge.format, names) {
            let method = !receiver.pieces.is_empty() && matches!(last, "format" | "formatted");
            return match arguments.split_first() {
                Some((text, rest)) if !method || receiver.texts().is_empty() => format(text, rest),
                _ => format(&receiver, arguments),
            };
        }
        if any(&knowledge.propagate, names) {
            let list = arguments.iter().any(|argument| argument.list) && last != "join" && last != "implode";
            let mut whole = together(Value::default());
            if last == "join" && !receiver.holes().any(|h| h.way.is_none()) {
                let mut all = Value { list: false, path: None, made: None, ..receiver };
                all.push(&whole);
                whole = all;
            }
            return constant_if_empty(Value { list, ..whole });
        }
        if knowledge.mutate.iter().any(|name| name == last) {
            return self.mutate(call, receiver, arguments);
        }
        if knowledge.keep.iter().any(|name| name == last) {
            let mut kept = Value { path: None, ..receiver };
            if matches!(last, "concat" | "resolve" | "joinpath") {
                kept = together(kept);
            }
            if last == "join" {
                kept.list = false;
            }
            return kept;
        }
        if receiver.by_client().is_some() {
            let mut part = receiver.holes_only();
            if !arguments.is_empty() {
                part.field(self.line(id));
            }
            return part;
        }
        Value::hole(Hole { label: self.label(id), ..Hole::default() })
    }

    /// `c.BindJSON(&user)`: what is handed over is filled by the client.
    fn fill(&mut self, id: Id, call: &Call) {
        let way = Rc::new(super::value::Step { line: self.line(id), before: None, fresh: true });
        for argument in &call.arguments {
            let Some(path) = self.tree.path(argument.value).map(str::to_owned) else { continue };
            if !matches!(self.tree.kind(argument.value), Some(Kind::Name(_))) {
                continue;
            }
            let made = self.scope.get(&path).and_then(|value| value.made);
            let hole =
                Hole { way: Some(way.clone()), whole: true, label: path.as_str().into(), ..Hole::default() };
            self.scope.set(&path, Value { made, ..Value::hole(hole) });
        }
    }

    /// `list.append(x)`, `builder.append(x)`: the object holds what it is given.
    fn mutate(&mut self, call: &Call, receiver: Value, arguments: &[Value]) -> Value {
        let mut grown = Value { path: None, made: None, ..receiver };
        for argument in arguments {
            grown.push(argument);
        }
        if let Some(Kind::Member { object, .. }) = self.tree.kind(call.callee) {
            // A chain of appends still belongs to the variable at its root.
            let mut root = *object;
            while let Some(Kind::Call(inner)) = self.tree.kind(root) {
                match self.tree.kind(inner.callee) {
                    Some(Kind::Member { object, .. }) => root = *object,
                    _ => break,
                }
            }
            if let Some(path) = self.tree.path(root)
                && (self.scope.get(path).is_some() || matches!(self.tree.kind(root), Some(Kind::Name(_))))
            {
                let path = path.to_owned();
                self.scope.set(&path, grown.clone());
            }
        }
        grown
    }
}

fn constant_if_empty(value: Value) -> Value {
    if value.pieces.is_empty() { Value::constant() } else { value }
}

/// Puts values into the holes of a format: `{}`, `{name}`, `%s`, `%(name)s`, `%d`.
pub(super) fn format(text: &Value, arguments: &[Value]) -> Value {
    static HOLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"%%|\{[A-Za-z0-9_.!:\[\]]*\}|%(\([A-Za-z0-9_]+\))?[-+#0-9.]*(\d+\$)?[-0-9.]*[sdvqxfiruT]")
            .ok()
    });
    // The elements of one list are the values, as in `"..." % (a, b)`.
    let mut values: Vec<Value> = Vec::new();
    for argument in arguments {
        if argument.list {
            values.extend(
                argument.pieces.iter().map(|p| Value { pieces: vec![p.clone()], ..Value::default() }),
            );
        } else {
            values.push(argument.clone());
        }
    }
    let mut built = Value::default();
    let mut next = 0;
    for piece in &text.pieces {
        let (Piece::Text(text), Some(hole)) = (piece, HOLE.as_ref()) else {
            built.pieces.push(piece.clone());
            continue;
        };
        let mut at = 0;
        for found in hole.find_iter(text) {
            if found.as_str() == "%%" {
                continue;
            }
            if let Some(before) = text.get(at..found.start()).filter(|before| !before.is_empty()) {
                built.pieces.push(Piece::Text(before.into()));
            }
            at = found.end();
            let mut value = values.get(next).or(values.last()).cloned().unwrap_or_default();
            next += 1;
            if found.as_str().ends_with(['d', 'i', 'f', 'x']) && found.as_str().starts_with('%') {
                value.clean(EVERYWHERE);
                for hole in value.holes_mut() {
                    hole.constant |= hole.way.is_none();
                }
            }
            built.push(&value);
        }
        if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            built.pieces.push(Piece::Text(rest.into()));
        }
    }
    // More values than holes: they are in the text somewhere all the same.
    for value in values.iter().skip(next) {
        built.push(value);
    }
    built
}

/// Finds what a condition allows: `x in ALLOWED`, `allowed.includes(x)`, `path.startsWith(root)`, `allowed[x]`.
pub(super) struct Guarding<'g, 's, 'r> {
    pub(super) scan: &'g Scan<'s, 'r>,
}

impl Guarding<'_, '_, '_> {
    pub(super) fn names(&self, condition: Id) -> Vec<Id> {
        let tree = self.scan.tree;
        let mut found = Vec::new();
        for id in tree.below(condition) {
            match tree.kind(id) {
                Some(Kind::Binary { operator, left, .. })
                    if matches!(operator.as_str(), "in" | "not in" | "not" | "is" | "instanceof") =>
                {
                    self.add(*left, &mut found);
                }
                Some(Kind::Call(call)) if self.guards(call) => {
                    if let Some(Kind::Member { object, .. }) = tree.kind(call.callee) {
                        self.add(*object, &mut found);
                    }
                    for argument in &call.arguments {
                        self.add(argument.value, &mut found);
                    }
                }
                Some(Kind::Index { index: Some(index), .. }) => {
                    if matches!(tree.kind(*index), Some(Kind::Name(_) | Kind::Member { .. })) {
                        self.add(*index, &mut found);
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn guards(&self, call: &Call) -> bool {
        any(&self.scan.knowledge().guards, &self.scan.paths(call.callee))
    }

    /// The expression itself, and the variables in it.
    fn add(&self, id: Id, found: &mut Vec<Id>) {
        found.push(id);
        found.extend(
            self.scan
                .tree
                .below(id)
                .into_iter()
                .filter(|id| matches!(self.scan.tree.kind(*id), Some(Kind::Name(_)))),
        );
    }
}
