//! The common tree: what the rules and the flow of values need of a program, the same for all languages.
//!
//! Grammars name the same thing differently (`call`, `method_invocation`, `member_call_expression`). Each language is
//! translated once into these few kinds, so that one engine and one vocabulary of rules serve all of them. What has no
//! meaning for a rule becomes [`Kind::Other`] and is walked through.

/// The number of a node in its tree.
pub(crate) type Id = usize;

/// Where a node stands in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Line, counted from one.
    pub(crate) line: usize,
    /// Column in bytes, counted from one.
    pub(crate) column: usize,
    /// First byte.
    pub(crate) start: usize,
    /// The byte behind the last.
    pub(crate) end: usize,
}

/// A program.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// All nodes; children come before their parents.
    pub(crate) nodes: Vec<Node>,
    /// The whole file.
    pub(crate) root: Id,
    /// What local names stand for: `cp` for `child_process`, `exec` for `child_process.exec`.
    pub(crate) imports: std::collections::HashMap<String, String>,
}

/// An expression or a statement.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    /// The dotted path that rules match: `db.session.execute`, `get_db().query`, `request.args[]`.
    pub(crate) path: Option<Box<str>>,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind {
    Name(String),
    /// A constant string, without its quotes.
    Text(String),
    /// Another constant: a number, a truth value, nothing.
    Literal(String),
    Member {
        object: Id,
        name: String,
    },
    Index {
        object: Id,
        index: Option<Id>,
    },
    Call(Call),
    /// A string with holes: template literal, f-string, interpolation.
    Build(Vec<Id>),
    Binary {
        operator: String,
        left: Id,
        right: Id,
    },
    Not(Id),
    /// One of several values.
    Choice {
        condition: Option<Id>,
        branches: Vec<Id>,
    },
    List(Vec<Id>),
    /// A comprehension: like a list, whose loops come before its element.
    Map(Vec<(Option<Id>, Id)>),
    Spread(Id),
    Cast {
        to: String,
        value: Id,
    },
    Assign {
        target: Id,
        value: Id,
        adds: bool,
    },
    Function(Box<Function>),
    If {
        condition: Id,
        then: Vec<Id>,
        otherwise: Vec<Id>,
    },
    Loop {
        target: Option<Id>,
        over: Option<Id>,
        body: Vec<Id>,
    },
    Return(Option<Id>),
    /// Statements or expressions in order.
    Other(Vec<Id>),
}

/// A call, a constructor, or a Go composite literal.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) callee: Id,
    pub(crate) arguments: Vec<Argument>,
}

#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) name: Option<String>,
    pub(crate) value: Id,
}

#[derive(Debug, Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
    /// Decorators and annotations.
    pub(crate) decorators: Vec<Id>,
    /// Defaults of parameters, evaluated before the body.
    pub(crate) body: Vec<Id>,
    /// A function of one expression gives it back.
    pub(crate) expression: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The type as written; empty without one.
    pub(crate) kind: String,
    /// Annotations and default as written.
    pub(crate) text: String,
    /// The pattern, where a parameter is taken apart at once.
    pub(crate) pattern: Option<Id>,
}

/// Longer paths name nothing that a rule is about.
const LONGEST_PATH: usize = 240;

impl Tree {
    pub(crate) fn get(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub(crate) fn kind(&self, id: Id) -> Option<&Kind> {
        self.get(id).map(|node| &node.kind)
    }

    pub(crate) fn place(&self, id: Id) -> Place {
        self.get(id).map(|node| node.place).unwrap_or_default()
    }

    pub(crate) fn path(&self, id: Id) -> Option<&str> {
        self.get(id)?.path.as_deref()
    }

    /// The constant string at a node.
    pub(crate) fn constant(&self, id: Id) -> Option<&str> {
        match self.kind(id)? {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn add(&mut self, place: Place, kind: Kind) -> Id {
        let path = self.path_of(&kind).filter(|path| path.len() <= LONGEST_PATH).map(Into::into);
        self.nodes.push(Node { kind, place, path });
        self.nodes.len() - 1
    }

    fn path_of(&self, kind: &Kind) -> Option<String> {
        Some(match kind {
            Kind::Name(name) => name.clone(),
            Kind::Member { object, name } => format!("{}.{name}", self.path(*object).unwrap_or("?")),
            Kind::Index { object, .. } => format!("{}[]", self.path(*object)?),
            Kind::Call(call) => format!("{}()", self.path(call.callee).unwrap_or("?")),
            Kind::Cast { value, .. } => self.path(*value)?.to_owned(),
            Kind::Text(_) | Kind::Build(_) => "''".to_owned(),
            _ => return None,
        })
    }

    /// The nodes directly below one.
    pub(crate) fn children(&self, id: Id) -> Vec<Id> {
        let Some(kind) = self.kind(id) else { return Vec::new() };
        match kind {
            Kind::Name(_) | Kind::Text(_) | Kind::Literal(_) | Kind::Return(None) => Vec::new(),
            Kind::Member { object, .. } => vec![*object],
            Kind::Index { object, index } => std::iter::once(*object).chain(*index).collect(),
            Kind::Call(call) => {
                std::iter::once(call.callee).chain(call.arguments.iter().map(|a| a.value)).collect()
            }
            Kind::Build(ids) | Kind::List(ids) | Kind::Other(ids) => ids.clone(),
            Kind::Binary { left, right, .. } => vec![*left, *right],
            Kind::Not(value) | Kind::Spread(value) | Kind::Cast { value, .. } | Kind::Return(Some(value)) => {
                vec![*value]
            }
            Kind::Choice { condition, branches } => condition.iter().chain(branches).copied().collect(),
            Kind::Map(entries) => {
                entries.iter().flat_map(|(key, value)| key.iter().chain([value])).copied().collect()
            }
            Kind::Assign { target, value, .. } => vec![*target, *value],
            Kind::Function(function) => function.decorators.iter().chain(&function.body).copied().collect(),
            Kind::If { condition, then, otherwise } => {
                std::iter::once(condition).chain(then).chain(otherwise).copied().collect()
            }
            Kind::Loop { target, over, body } => target.iter().chain(over).chain(body).copied().collect(),
        }
    }

    /// A node and everything below it, without recursion.
    pub(crate) fn below(&self, id: Id) -> Vec<Id> {
        let mut found = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            found.push(id);
            open.extend(self.children(id).into_iter().rev());
        }
        found
    }
}
