//! A value followed through the local variables of a function.
//!
//! A program is walked once, in the order in which it is written. What a variable holds is known as a sequence of
//! constant texts and holes ([`value`]); a hole knows whether the client filled it and for which flows it was cleaned.
//! After a branch, a variable has the worse of its two values; a loop's body is read once, with the worst of what it
//! was given. Calls of functions whose text is elsewhere give a value of which nothing is known: what is promised is
//! the flow within one function, and nothing beyond.

mod assign;
mod calls;
mod check;
mod demand;
mod handler;
mod options;
mod state;
pub(crate) mod value;

use std::rc::Rc;

use crate::code::language::Language;
use crate::code::rules::Rules;
use crate::code::rules::schema::{Find, Knowledge, Rule};
use crate::code::rules::words::{Glob, any};
use crate::code::tree::{Id, Kind, Tree};
use state::{Context, Scan};
pub(crate) use state::{Engine, Hit};
use value::{EVERYWHERE, Hole, Scope, Step, Value};

impl<'r> Engine<'r> {
    pub(crate) fn new(rules: &'r Rules, language: Language) -> Self {
        let knowledge = Knowledge { name: Some(language), ..rules.knowledge(language) };
        Engine { index: rules.index(language), knowledge, rules }
    }

    /// Runs the rules over a file.
    pub(crate) fn run(&'r self, tree: &Tree, source: &str, file: &str) -> Vec<Hit<'r>> {
        let mut scan = Scan {
            engine: self,
            tree,
            source,
            file,
            scope: Scope::default(),
            contexts: vec![Context::file(source.len())],
            hits: Vec::new(),
            quiet: false,
        };
        scan.scope.enter();
        scan.value(tree.root);
        scan.patterns();
        scan.hits
    }
}

impl<'r> Scan<'_, 'r> {
    fn knowledge(&self) -> &'r Knowledge {
        &self.engine.knowledge
    }

    fn text(&self, id: Id) -> &str {
        let place = self.tree.place(id);
        self.source.get(place.start..place.end).unwrap_or_default()
    }

    /// The expression on one short line, for messages.
    fn label(&self, id: Id) -> Rc<str> {
        let mut label: String = String::new();
        for word in self.text(id).split_whitespace() {
            if !label.is_empty() {
                label.push(' ');
            }
            label.push_str(word);
            if label.chars().count() > 60 {
                return format!("{}…", label.chars().take(59).collect::<String>()).into();
            }
        }
        label.into()
    }

    fn line(&self, id: Id) -> usize {
        self.tree.place(id).line
    }

    /// The names by which a path may be known: as written, with imports resolved, with a variable's own making.
    fn paths(&self, id: Id) -> Vec<String> {
        let Some(path) = self.tree.path(id) else { return Vec::new() };
        if let Some(rest) = path.strip_prefix("require()")
            && let Some(module) = self.required(id)
        {
            return vec![format!("{module}{rest}")];
        }
        self.names_of(path)
    }

    /// The module of `require("child_process").exec`.
    fn required(&self, id: Id) -> Option<&str> {
        let mut at = id;
        loop {
            at = match self.tree.kind(at)? {
                Kind::Member { object, .. } | Kind::Index { object, .. } => *object,
                Kind::Call(call) if self.tree.path(call.callee) == Some("require") => {
                    let module = self.tree.constant(call.arguments.first()?.value)?;
                    return Some(module.trim_start_matches("node:"));
                }
                Kind::Call(call) => call.callee,
                _ => return None,
            };
        }
    }

    fn names_of(&self, path: &str) -> Vec<String> {
        let mut names = vec![path.to_owned()];
        let new = path.starts_with("new ");
        let bare = path.strip_prefix("new ").unwrap_or(path);
        let end = bare.find(['.', '(', '[']).unwrap_or(bare.len());
        let (root, rest) = bare.split_at(end);
        if let Some(made) = self.scope.get(root).and_then(|value| value.path.clone())
            && made.len() + rest.len() < 300
        {
            names.push(format!("{made}{rest}"));
        } else if let Some(stands_for) = self.tree.imports.get(root)
            && stands_for != root
        {
            let prefix = if new { "new " } else { "" };
            names.push(format!("{prefix}{stands_for}{rest}"));
            if let Some((_, last)) = stands_for.rsplit_once('.')
                && last != root
            {
                names.push(format!("{prefix}{last}{rest}"));
            }
        }
        names
    }

    fn is(&self, globs: &[Glob], names: &[String]) -> bool {
        any(globs, names)
    }

    /// Evaluates a node, and runs the rules on everything below it.
    fn value(&mut self, id: Id) -> Value {
        let mut value = self.evaluate(id);
        if !self.scope.guarded.is_empty()
            && value.by_client().is_some()
            && self.scope.guarded.iter().any(|allowed| allowed == self.text(id))
        {
            value.clean(EVERYWHERE);
        }
        value
    }

    fn evaluate(&mut self, id: Id) -> Value {
        let tree = self.tree;
        let Some(kind) = tree.kind(id) else { return Value::default() };
        match kind {
            Kind::Name(name) => self.named(id, name),
            Kind::Text(text) => {
                self.check_string(id, text);
                Value::text(text)
            }
            Kind::Literal(_) => Value::constant(),
            Kind::Member { object, .. } => self.member(id, *object),
            Kind::Index { object, index } => self.index(id, *object, *index),
            Kind::Call(call) => self.call(id, call),
            Kind::Build(parts) => {
                let mut built = Value::default();
                for part in parts {
                    let part = self.value(*part);
                    built.push(&part);
                }
                built
            }
            Kind::Binary { operator, left, right } => self.binary(id, operator, *left, *right),
            Kind::Not(value) => {
                self.value(*value);
                Value::constant()
            }
            Kind::Choice { condition, branches } => self.choice(*condition, branches),
            Kind::List(items) => {
                let mut list = Value { list: true, ..Value::default() };
                for item in items {
                    let item = self.value(*item);
                    list.push(&item);
                }
                list.made = Some(id);
                list
            }
            Kind::Map(entries) => self.map(id, entries),
            Kind::Spread(value) => self.value(*value),
            Kind::Cast { to, value } => {
                let mut cast = self.value(*value);
                if self.is_cast(to) {
                    cast.clean(EVERYWHERE);
                }
                cast
            }
            Kind::Assign { target, value, adds } => self.assign(id, *target, *value, *adds),
            Kind::Function(function) => self.function(id, function),
            Kind::If { condition, then, otherwise } => {
                self.branches(*condition, then, otherwise);
                Value::default()
            }
            Kind::Loop { target, over, body } => {
                if let Some(over) = over {
                    let mut each = self.value(*over);
                    let line = self.line(*over);
                    each.list = false;
                    each.path = None;
                    each.made = None;
                    each.step(line);
                    if let Some(target) = target {
                        self.bind(*target, &each);
                    }
                }
                for statement in body {
                    self.value(*statement);
                }
                Value::default()
            }
            Kind::Return(value) => {
                let Some(value) = value else { return Value::default() };
                let given = self.value(*value);
                self.check_return(id, *value, &given);
                if let Some(context) = self.contexts.last_mut() {
                    let known = std::mem::take(&mut context.returned);
                    context.returned = Some(match known {
                        Some(known) => known.worse(given),
                        None => given,
                    });
                }
                Value::default()
            }
            Kind::Other(children) => {
                let mut last = Value::default();
                for child in children {
                    let child = self.value(*child);
                    last = last.worse(child);
                }
                Value { path: None, made: None, ..last.holes_only() }
            }
        }
    }

    fn named(&mut self, id: Id, name: &str) -> Value {
        if let Some(known) = self.scope.get(name) {
            return known.clone();
        }
        if let Some(value) = self.source_value(id) {
            return value;
        }
        let constant =
            name.chars().any(|c| c.is_ascii_uppercase()) && !name.chars().any(|c| c.is_ascii_lowercase());
        let label = self.label(id);
        Value::hole(Hole { constant, label, ..Hole::default() })
    }

    /// What a source gives, if the expression is one.
    fn source_value(&mut self, id: Id) -> Option<Value> {
        let names = self.paths(id);
        let knowledge = self.knowledge();
        if !self.is(&knowledge.sources, &names) {
            return None;
        }
        let whole = self.is(&knowledge.whole, &names);
        let way = Rc::new(Step { line: self.line(id), before: None, fresh: true });
        Some(Value::hole(Hole { way: Some(way), whole, label: self.label(id), ..Hole::default() }))
    }

    fn member(&mut self, id: Id, object: Id) -> Value {
        if let Some(path) = self.tree.path(id)
            && let Some(known) = self.scope.get(path)
        {
            return known.clone();
        }
        if let Some(value) = self.source_value(id) {
            return value;
        }
        let mut value = self.value(object).holes_only();
        let line = self.line(id);
        value.field(line);
        let upper =
            |name: &str| name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
        let last = self.tree.path(id).and_then(|path| path.rsplit('.').next()).unwrap_or_default();
        if value.by_client().is_none() {
            let label = self.label(id);
            value = Value::hole(Hole { constant: upper(last), label, ..Hole::default() });
        }
        value.path = self.tree.path(id).map(|path| {
            let names = self.names_of(path);
            names.last().map(String::as_str).unwrap_or(path).into()
        });
        value
    }

    fn index(&mut self, id: Id, object: Id, index: Option<Id>) -> Value {
        if let Some(index) = index {
            self.value(index);
        }
        if let Some(value) = self.source_value(id) {
            return value;
        }
        let held = self.value(object);
        // A choice out of a constant table is one of its constants, whatever the key.
        if held.list && held.is_constant() {
            return Value::constant();
        }
        let mut value = held.holes_only();
        let line = self.line(id);
        value.field(line);
        if value.holes().next().is_none() || value.by_client().is_none() {
            let constant = held.is_constant() && !held.pieces.is_empty();
            value = Value::hole(Hole { constant, label: self.label(id), ..Hole::default() });
        }
        value
    }

    fn binary(&mut self, id: Id, operator: &str, left: Id, right: Id) -> Value {
        let (a, b) = (self.value(left), self.value(right));
        match operator {
            "+" | "." => {
                let mut joined = Value { list: a.list, ..Value::default() };
                joined.push(&a);
                joined.push(&b);
                joined
            }
            "%" if a.pieces.iter().any(|piece| matches!(piece, value::Piece::Text(_))) => {
                calls::format(&a, &[b])
            }
            "/" if self.engine.knowledge.name == Some(Language::Python) => {
                // Paths are joined with it.
                let mut joined = a;
                joined.push(&b);
                joined
            }
            "==" | "===" | "!=" | "!==" | "<>" => {
                self.check_compare(id, left, right);
                // `Note.id == note_id` is a truth value, or a condition of a query: harmless, but the id is in it.
                let mut both = a.holes_only();
                both.push(&b.holes_only());
                both.clean(EVERYWHERE);
                both
            }
            "*" => a,
            "-" | "/" | "%" | "//" | "**" => {
                let mut number = a.holes_only();
                number.push(&b.holes_only());
                number.clean(EVERYWHERE);
                number
            }
            _ => Value::constant(),
        }
    }

    fn is_cast(&self, to: &str) -> bool {
        let to = to.trim_matches(['(', ')', ' ']);
        self.engine.knowledge.harmless.iter().any(|pattern| pattern.is_match(to))
    }

    fn hit(&mut self, rule: &'r Rule, _find: &Find, at: Id, value: &str, call: &str, hole: Option<&Hole>) {
        if self.quiet || self.hits.iter().rev().take(64).any(|hit| hit.rule.id == rule.id && hit.at == at) {
            return;
        }
        let line = self.line(at);
        let mut way = hole.and_then(|hole| hole.way.as_ref()).map(Step::lines).unwrap_or_default();
        if !way.is_empty() && way.last() != Some(&line) {
            way.push(line);
        }
        self.hits.push(Hit { rule, at, value: value.to_owned(), call: call.to_owned(), way });
    }

    fn bit(&self, rule: &Rule) -> u32 {
        self.engine.rules.bit(&rule.flow)
    }
}
