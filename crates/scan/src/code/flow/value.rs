//! What is known of a value: which constant texts it is made of, and what is in the holes between them.

use std::collections::HashMap;
use std::rc::Rc;

use crate::code::tree::Id;

/// Clean for every flow.
pub(crate) const EVERYWHERE: u32 = u32::MAX;
/// More pieces than this say nothing more about a text.
const MOST_PIECES: usize = 48;

/// One step of a value's way, and the step before it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) before: Option<Rc<Step>>,
    /// A field was taken out here: what is allowed of it says nothing of the other fields.
    pub(crate) fresh: bool,
}

impl Step {
    /// Where the value came in.
    fn first(step: &Rc<Step>) -> &Rc<Step> {
        let mut step = step;
        while let Some(before) = step.before.as_ref().filter(|_| !step.fresh) {
            step = before;
        }
        step
    }

    /// The lines of the way, from the source.
    pub(crate) fn lines(step: &Rc<Step>) -> Vec<usize> {
        let mut lines = vec![step.line];
        let mut at = step;
        while let Some(before) = &at.before {
            lines.push(before.line);
            at = before;
        }
        lines.reverse();
        lines.dedup();
        lines
    }
}

/// A part of a text that is not constant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hole {
    /// The way from the client, when it came from there.
    pub(crate) way: Option<Rc<Step>>,
    /// It is a whole body.
    pub(crate) whole: bool,
    /// The flows for which it is harmless.
    pub(crate) clean: u32,
    /// It is constant, though not a known text.
    pub(crate) constant: bool,
    /// The expression as written, for the message.
    pub(crate) label: Rc<str>,
}

/// A constant text, or a hole.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Text(Rc<str>),
    Hole(Hole),
}

/// A value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Value {
    pub(crate) pieces: Vec<Piece>,
    /// It is a list or a map, of which the pieces are the elements.
    pub(crate) list: bool,
    /// The path of the expression that it was made with, so that `h.update` can be read as `sha256().update`.
    pub(crate) path: Option<Rc<str>>,
    /// The expression that it was made with, for options that stand in a variable.
    pub(crate) made: Option<Id>,
}

impl Value {
    pub(crate) fn text(text: &str) -> Value {
        Value { pieces: vec![Piece::Text(text.into())], ..Value::default() }
    }

    pub(crate) fn hole(hole: Hole) -> Value {
        Value { pieces: vec![Piece::Hole(hole)], ..Value::default() }
    }

    /// Constant, of unknown text.
    pub(crate) fn constant() -> Value {
        Value::hole(Hole { constant: true, ..Hole::default() })
    }

    pub(crate) fn unknown(label: Rc<str>) -> Value {
        Value::hole(Hole { label, ..Hole::default() })
    }

    pub(crate) fn push(&mut self, other: &Value) {
        let room = MOST_PIECES.saturating_sub(self.pieces.len());
        self.pieces.extend(other.pieces.iter().take(room).cloned());
        if other.pieces.len() > room {
            // What the client sent is not lost for being behind the rest.
            let late = other
                .pieces
                .iter()
                .skip(room)
                .find(|piece| matches!(piece, Piece::Hole(h) if h.way.is_some()));
            self.pieces.extend(late.cloned());
        }
    }

    pub(crate) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        })
    }

    pub(crate) fn holes_mut(&mut self) -> impl Iterator<Item = &mut Hole> {
        self.pieces.iter_mut().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        })
    }

    /// All constant texts in order.
    pub(crate) fn texts(&self) -> String {
        let mut all = String::new();
        for piece in &self.pieces {
            if let Piece::Text(text) = piece {
                all.push_str(text);
            }
        }
        all
    }

    /// The one constant text that it is.
    pub(crate) fn constant_text(&self) -> Option<String> {
        (!self.list && self.holes().next().is_none()).then(|| self.texts())
    }

    pub(crate) fn is_constant(&self) -> bool {
        self.holes().all(|hole| hole.constant)
    }

    /// Something of the client's in it that is not clean for the flow.
    pub(crate) fn dirty(&self, flow: u32) -> Option<&Hole> {
        self.holes().find(|hole| hole.way.is_some() && hole.clean & flow == 0 && hole.clean != EVERYWHERE)
    }

    pub(crate) fn by_client(&self) -> Option<&Hole> {
        self.holes().find(|hole| hole.way.is_some())
    }

    /// The holes alone: what a function made of a text has no longer its text.
    pub(crate) fn holes_only(&self) -> Value {
        Value { pieces: self.holes().cloned().map(Piece::Hole).collect(), ..Value::default() }
    }

    pub(crate) fn clean(&mut self, flows: u32) {
        for hole in self.holes_mut() {
            hole.clean |= flows;
        }
    }

    /// It is no whole body any longer, but a field of one.
    pub(crate) fn field(&mut self, line: usize) {
        for hole in self.holes_mut().filter(|hole| hole.whole) {
            hole.whole = false;
            hole.way = hole.way.take().map(|way| Rc::new(Step { line, before: Some(way), fresh: true }));
        }
    }

    /// Of two values that a variable may have, the one that a rule should look at.
    pub(crate) fn worse(self, other: Value) -> Value {
        if other.badness() > self.badness() { other } else { self }
    }

    fn badness(&self) -> u32 {
        self.holes()
            .map(|hole| match (&hole.way, hole.constant) {
                (Some(_), _) if hole.clean == EVERYWHERE => 2,
                (Some(_), _) => 3 + u32::from(hole.whole),
                (None, false) => 1,
                (None, true) => 0,
            })
            .max()
            .unwrap_or(0)
    }

    /// Adds a line to the ways.
    pub(crate) fn step(&mut self, line: usize) {
        for hole in self.holes_mut() {
            if let Some(way) = &hole.way
                && way.line != line
            {
                hole.way = Some(Rc::new(Step { line, before: Some(way.clone()), fresh: false }));
            }
        }
    }
}

/// What variables hold, function by function; the innermost is last.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    layers: Vec<HashMap<String, Value>>,
    /// Expressions such as `req.query.sort` that a condition has allowed.
    pub(crate) guarded: Vec<String>,
}

impl Scope {
    pub(crate) fn enter(&mut self) {
        self.layers.push(HashMap::new());
    }

    pub(crate) fn leave(&mut self) {
        self.layers.pop();
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.layers.iter().rev().find_map(|layer| layer.get(name))
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        if let Some(known) = self.layers.iter_mut().rev().find_map(|layer| layer.get_mut(name)) {
            *known = value;
        } else {
            self.declare(name, value);
        }
    }

    /// A name of the innermost function.
    pub(crate) fn declare(&mut self, name: &str, value: Value) {
        if let Some(layer) = self.layers.last_mut() {
            layer.insert(name.to_owned(), value);
        }
    }

    /// The innermost function's variables as they are now.
    pub(crate) fn here(&self) -> HashMap<String, Value> {
        self.layers.last().cloned().unwrap_or_default()
    }

    /// Puts the innermost function's variables back; gives what they were.
    pub(crate) fn swap(&mut self, other: HashMap<String, Value>) -> HashMap<String, Value> {
        match self.layers.last_mut() {
            Some(layer) => std::mem::replace(layer, other),
            None => HashMap::new(),
        }
    }

    /// After a branch: each variable may have either value.
    pub(crate) fn merge(&mut self, other: HashMap<String, Value>) {
        let Some(layer) = self.layers.last_mut() else { return };
        for (name, value) in other {
            let known = layer.remove(&name);
            layer.insert(
                name,
                match known {
                    Some(known) => known.worse(value),
                    None => value,
                },
            );
        }
    }

    /// A condition has allowed this value, and all that came from the same place.
    pub(crate) fn allow(&mut self, value: &Value) {
        let ways: Vec<&Rc<Step>> =
            value.holes().filter_map(|hole| hole.way.as_ref()).map(Step::first).collect();
        for hole in self.layers.iter_mut().flat_map(|layer| layer.values_mut()).flat_map(Value::holes_mut) {
            if let Some(way) = &hole.way
                && ways.iter().any(|allowed| Rc::ptr_eq(allowed, Step::first(way)))
            {
                hole.clean = EVERYWHERE;
            }
        }
    }
}
