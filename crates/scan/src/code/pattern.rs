//! Code with holes: `jwt.decode($TOKEN, $KEY)`, `app.run(..., debug=True)`.
//!
//! A pattern is read by the language's own grammar and compared on the common tree, so spaces, quotes and brackets do
//! not matter. `$NAME` (capitals) stands for any expression, the same name twice for the same text, and `...` for any
//! further arguments. Named arguments may stand in any order.

use std::collections::HashMap;

use crate::code::language::Language;
use crate::code::lower;
use crate::code::tree::{Id, Kind, Tree};

/// What holes are called inside the tree.
const HOLE: &str = "DOORWARD_HOLE_";
const REST: &str = "DOORWARD_REST";

/// A pattern, read.
#[derive(Debug)]
pub(crate) struct Code {
    tree: Tree,
    top: Id,
}

impl Code {
    /// Reads a pattern.
    pub(crate) fn read(code: &str, language: Language) -> Result<Code, String> {
        let prepared = holes(code, language);
        let wrapped = match language {
            Language::Php => format!("<?php {};", prepared.trim_end_matches(';')),
            Language::Java => format!("class P {{ void p() {{ {}; }} }}", prepared.trim_end_matches(';')),
            Language::Go => format!("package p\nfunc p() {{\n{prepared}\n}}"),
            Language::Python | Language::JavaScript => prepared,
        };
        let program = lower::read(&wrapped, language.grammar())?;
        if let Some(problem) = program.problems.first() {
            return Err(problem.clone());
        }
        let tree = program.tree;
        let mut top = tree.root;
        // Down to the expression: through blocks, and the class and the function around it.
        while let Some(Kind::Other(children)) = tree.kind(top) {
            let last = children.iter().rev().find(|id| !matches!(tree.kind(**id), Some(Kind::Name(_))));
            let Some(last) = last else { break };
            top = *last;
            if let Some(Kind::Function(function)) = tree.kind(top)
                && let Some(body) = function.body.first()
            {
                top = *body;
            }
        }
        Ok(Code { tree, top })
    }

    /// Whether it matches at a node.
    pub(crate) fn matches(&self, tree: &Tree, source: &str, at: Id) -> bool {
        Match { code: self, tree, source, bound: HashMap::new() }.at(self.top, at)
    }
}

/// `$NAME` and `...` as names that every grammar takes.
fn holes(code: &str, language: Language) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(['$', '.']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix("...") {
            out.push_str(if language == Language::Php { "$" } else { "" });
            out.push_str(REST);
            rest = after;
            continue;
        }
        let name: String =
            from.chars().skip(1).take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit()).collect();
        if from.starts_with('$') && !name.is_empty() {
            out.push_str(if language == Language::Php { "$" } else { "" });
            out.push_str(HOLE);
            out.push_str(&name);
            rest = from.get(1 + name.len()..).unwrap_or_default();
        } else {
            out.extend(from.chars().next());
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

struct Match<'m> {
    code: &'m Code,
    tree: &'m Tree,
    source: &'m str,
    bound: HashMap<&'m str, &'m str>,
}

impl<'m> Match<'m> {
    fn at(&mut self, wanted: Id, id: Id) -> bool {
        let (Some(want), Some(have)) = (self.code.tree.kind(wanted), self.tree.kind(id)) else {
            return false;
        };
        if let Kind::Name(name) = want
            && let Some(hole) = name.strip_prefix(HOLE)
        {
            let place = self.tree.place(id);
            let text = self.source.get(place.start..place.end).unwrap_or_default();
            return *self.bound.entry(hole).or_insert(text) == text;
        }
        match (want, have) {
            (Kind::Name(a), Kind::Name(b)) => a == b,
            (Kind::Text(a), Kind::Text(b)) => a == b,
            (Kind::Literal(a), Kind::Literal(b)) => a == b,
            (Kind::Member { object: a, name: x }, Kind::Member { object: b, name: y }) => {
                x == y && self.at(*a, *b)
            }
            (Kind::Index { object: a, index: x }, Kind::Index { object: b, index: y }) => {
                self.at(*a, *b)
                    && match (x, y) {
                        (Some(x), Some(y)) => self.at(*x, *y),
                        (None, _) => true,
                        _ => false,
                    }
            }
            (
                Kind::Binary { operator: o, left: a, right: b },
                Kind::Binary { operator: p, left: c, right: d },
            ) => o == p && self.at(*a, *c) && self.at(*b, *d),
            (Kind::Assign { target: a, value: b, .. }, Kind::Assign { target: c, value: d, .. }) => {
                self.at(*a, *c) && self.at(*b, *d)
            }
            (Kind::Call(a), Kind::Call(b)) => self.at(a.callee, b.callee) && self.arguments(a, b),
            (Kind::List(a), Kind::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| self.at(*x, *y))
            }
            _ => false,
        }
    }

    fn arguments(&mut self, want: &'m crate::code::tree::Call, have: &crate::code::tree::Call) -> bool {
        let mut at = 0;
        let mut open = false;
        for argument in &want.arguments {
            if let Some(name) = &argument.name {
                let found = have.arguments.iter().find(|a| a.name.as_ref() == Some(name));
                if !found.is_some_and(|a| self.at(argument.value, a.value)) {
                    return false;
                }
                continue;
            }
            if matches!(self.code.tree.kind(argument.value), Some(Kind::Name(name)) if name == REST) {
                open = true;
                continue;
            }
            let plain = have.arguments.iter().filter(|a| a.name.is_none()).nth(at);
            if !plain.is_some_and(|a| self.at(argument.value, a.value)) {
                return false;
            }
            at += 1;
        }
        open || have.arguments.len() == want.arguments.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(language: Language, pattern: &str, source: &str) -> bool {
        let code = Code::read(pattern, language).unwrap();
        let program = lower::read(source, language.grammar()).unwrap();
        let tree = program.tree;
        (0..tree.nodes.len()).any(|id| code.matches(&tree, source, id))
    }

    #[test]
    fn a_pattern_matches_code_of_the_same_shape() {
        let python = Language::Python;
        assert!(found(python, "app.run(..., debug=True)", "app.run(host='x', debug=True)"));
        assert!(!found(python, "app.run(..., debug=True)", "app.run(debug=False)"));
        assert!(found(python, "$A == $A", "x == x"));
        assert!(!found(python, "$A == $A", "x == y"));
        assert!(found(Language::JavaScript, "eval($X)", "const a = eval( b )"));
        assert!(found(Language::Php, "md5($X)", "<?php $h = md5($password);"));
        assert!(found(
            Language::Go,
            "gin.SetMode(gin.DebugMode)",
            "package a\nfunc f() { gin.SetMode(gin.DebugMode) }"
        ));
        assert!(found(
            Language::Java,
            "Runtime.getRuntime().exec($X)",
            "class A { void f() { Runtime.getRuntime().exec(c); } }"
        ));
    }
}
