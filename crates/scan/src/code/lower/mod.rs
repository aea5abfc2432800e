//! From a grammar's tree to the common [`Tree`].
//!
//! Why tree-sitter, and not `ast-grep-core`, which is built on it: that crate matches patterns on the tree of one
//! grammar, so a rule would have to be written once for each language, and it does not follow values. Here a rule
//! names a callee and what reaches it; the translation below is the only thing that knows grammars. tree-sitter's own
//! grammars are maintained, tolerate broken code, and give positions.

mod go;
mod java;
mod javascript;
mod php;
mod python;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser, Point};

use crate::code::language::Grammar;
use crate::code::tree::{Argument, Call, Function, Id, Kind, Parameter, Place, Tree};

/// What is nested deeper is not looked at, and told: translation and rules are recursive.
pub(crate) const DEEPEST: usize = 400;
/// One file's parser stops after this time.
const LONGEST: Duration = Duration::from_secs(5);

/// A file, read.
pub(crate) struct Program {
    pub(crate) tree: Tree,
    /// Comments: the line where each begins and the line where it ends, and its text.
    pub(crate) comments: Vec<(usize, usize, String)>,
    /// What could not be read of it.
    pub(crate) problems: Vec<String>,
}

/// Reads a program. `Err` says why nothing could be read.
pub(crate) fn read(source: &str, grammar: Grammar) -> Result<Program, String> {
    let mut parser = Parser::new();
    parser.set_language(&grammar.parser()).map_err(|e| e.to_string())?;
    let start = Instant::now();
    let mut patience = |_: &tree_sitter::ParseState| {
        if start.elapsed() > LONGEST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let bytes = source.as_bytes();
    let options = ParseOptions::new().progress_callback(&mut patience);
    let parsed = parser
        .parse_with_options(
            &mut |at: usize, _: Point| bytes.get(at..).unwrap_or_default(),
            None,
            Some(options),
        )
        .ok_or_else(|| format!("not parsed within {} seconds", LONGEST.as_secs()))?;
    let mut lower = Lower { source, grammar, tree: Tree::default(), depth: 0, too_deep: None };
    let (comments, mut problems) = survey(parsed.root_node(), source);
    let root = lower.node(parsed.root_node());
    lower.tree.root = root;
    if let Some(line) = lower.too_deep {
        problems.push(format!("line {line} nests deeper than {DEEPEST}: what is inside was not looked at"));
    }
    Ok(Program { tree: lower.tree, comments, problems })
}

/// Comments and the first place that the grammar does not know.
fn survey(root: Node<'_>, source: &str) -> (Vec<(usize, usize, String)>, Vec<String>) {
    let (mut comments, mut problems) = (Vec::new(), Vec::new());
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.kind().contains("comment") {
            let text = source.get(node.byte_range()).unwrap_or_default().to_owned();
            comments.push((node.start_position().row + 1, node.end_position().row + 1, text));
        }
        if (node.is_error() || node.is_missing()) && problems.is_empty() {
            let line = node.start_position().row + 1;
            problems.push(format!("line {line} could not be understood; the rest was looked at"));
        }
        let below = !node.is_error() || problems.len() < 2;
        if below && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return (comments, problems);
            }
        }
    }
}

struct Lower<'s> {
    source: &'s str,
    grammar: Grammar,
    tree: Tree,
    depth: usize,
    too_deep: Option<usize>,
}

type N<'t> = Node<'t>;

impl Lower<'_> {
    /// Translates one node.
    fn node(&mut self, n: N<'_>) -> Id {
        if self.depth >= DEEPEST {
            self.too_deep.get_or_insert(n.start_position().row + 1);
            return self.add(n, Kind::Other(Vec::new()));
        }
        self.depth += 1;
        let id = match self.grammar {
            Grammar::Python => self.python(n),
            Grammar::JavaScript | Grammar::TypeScript | Grammar::Tsx => self.javascript(n),
            Grammar::Java => self.java(n),
            Grammar::Go => self.go(n),
            Grammar::Php => self.php(n),
        };
        self.depth -= 1;
        id
    }

    fn add(&mut self, n: N<'_>, kind: Kind) -> Id {
        let start = n.start_position();
        let place =
            Place { line: start.row + 1, column: start.column + 1, start: n.start_byte(), end: n.end_byte() };
        self.tree.add(place, kind)
    }

    fn text(&self, n: N<'_>) -> &str {
        self.source.get(n.byte_range()).unwrap_or_default()
    }

    fn owned(&self, n: N<'_>) -> String {
        self.text(n).to_owned()
    }

    fn field(&mut self, n: N<'_>, name: &str) -> Option<Id> {
        n.child_by_field_name(name).map(|child| self.node(child))
    }

    /// A field that the grammar always has; an empty node where the code is broken.
    fn need(&mut self, n: N<'_>, name: &str) -> Id {
        match n.child_by_field_name(name) {
            Some(child) => self.node(child),
            None => self.add(n, Kind::Other(Vec::new())),
        }
    }

    fn field_text(&self, n: N<'_>, name: &str) -> String {
        n.child_by_field_name(name).map(|child| self.owned(child)).unwrap_or_default()
    }

    /// The named children without comments, translated.
    fn all(&mut self, n: N<'_>) -> Vec<Id> {
        named(n).into_iter().map(|child| self.node(child)).collect()
    }

    /// The statements of a block, or the one expression that stands in its place.
    fn block(&mut self, n: N<'_>, name: &str) -> Vec<Id> {
        self.field(n, name).into_iter().collect()
    }

    fn other(&mut self, n: N<'_>) -> Id {
        let children = self.all(n);
        if let ([only], true) =
            (children.as_slice(), n.kind().contains("parenthesized") || n.kind() == "await")
        {
            return *only;
        }
        self.add(n, Kind::Other(children))
    }

    /// The only child: brackets, `await`, casts without meaning.
    fn through(&mut self, n: N<'_>) -> Id {
        match named(n).first() {
            Some(&child) => self.node(child),
            None => self.add(n, Kind::Other(Vec::new())),
        }
    }

    fn name(&mut self, n: N<'_>) -> Id {
        let name = self.text(n).trim_start_matches('$').to_owned();
        self.add(n, Kind::Name(name))
    }

    fn literal(&mut self, n: N<'_>) -> Id {
        let text = self.owned(n);
        self.add(n, Kind::Literal(text))
    }

    fn call(&mut self, n: N<'_>, callee: Id, arguments: Vec<Argument>) -> Id {
        self.add(n, Kind::Call(Call { callee, arguments }))
    }

    fn plain(&mut self, values: Vec<Id>) -> Vec<Argument> {
        values.into_iter().map(|value| Argument { name: None, value }).collect()
    }

    fn member(&mut self, n: N<'_>, object: Id, name: String) -> Id {
        self.add(n, Kind::Member { object, name })
    }

    fn binary(&mut self, n: N<'_>, operator: &str) -> Id {
        let (left, right) = (self.need(n, "left"), self.need(n, "right"));
        self.add(n, Kind::Binary { operator: operator.to_owned(), left, right })
    }

    fn assign(&mut self, n: N<'_>, target: Id, value: Id, adds: bool) -> Id {
        self.add(n, Kind::Assign { target, value, adds })
    }

    fn function(&mut self, n: N<'_>, function: Function) -> Id {
        self.add(n, Kind::Function(Box::new(function)))
    }

    /// A string with or without holes, from the children that a grammar gives it.
    fn string(&mut self, n: N<'_>, holes: &[&str]) -> Id {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut any = false;
        for child in every(n) {
            let kind = child.kind();
            let is_text = kind.contains("content") || kind.contains("fragment") || kind == "escape_sequence";
            if is_text && !named(child).iter().any(|inner| holes.contains(&inner.kind())) {
                text.push_str(&unescape(self.text(child), kind));
            } else if holes.contains(&kind)
                || (child.is_named() && holes.contains(&"*") && !kind.starts_with("string_"))
            {
                any = true;
                if !text.is_empty() {
                    let part = self.add(n, Kind::Text(std::mem::take(&mut text)));
                    parts.push(part);
                }
                parts.push(if kind == "interpolation" || kind == "template_substitution" {
                    self.through(child)
                } else {
                    self.node(child)
                });
            }
        }
        if !any {
            return self.add(n, Kind::Text(text));
        }
        if !text.is_empty() {
            let part = self.add(n, Kind::Text(text));
            parts.push(part);
        }
        self.add(n, Kind::Build(parts))
    }

    fn import(&mut self, local: &str, stands_for: String) {
        if !local.is_empty() {
            self.tree.imports.insert(local.to_owned(), stands_for);
        }
    }
}

/// Named children without comments.
fn named(n: N<'_>) -> Vec<N<'_>> {
    let mut cursor = n.walk();
    n.named_children(&mut cursor).filter(|child| !child.kind().contains("comment")).collect()
}

/// All children, brackets and keywords included.
fn every(n: N<'_>) -> Vec<N<'_>> {
    let mut cursor = n.walk();
    n.children(&mut cursor).collect()
}

/// A field that may stand several times.
fn fields<'t>(n: N<'t>, name: &str) -> Vec<N<'t>> {
    let mut cursor = n.walk();
    n.children_by_field_name(name, &mut cursor).collect()
}

/// The escapes that matter for a rule; others stay as they are written.
fn unescape(text: &str, kind: &str) -> String {
    if kind != "escape_sequence" {
        return text.to_owned();
    }
    match text {
        "\\n" => "\n".into(),
        "\\t" => "\t".into(),
        "\\\"" => "\"".into(),
        "\\'" => "'".into(),
        "\\\\" => "\\".into(),
        "\\/" => "/".into(),
        "\\$" => "$".into(),
        other => other.to_owned(),
    }
}

/// Quotes taken off, where a grammar does not show what is inside.
fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}
