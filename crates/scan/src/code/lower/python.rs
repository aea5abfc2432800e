//! Python.

use super::{Argument, Function, Id, Kind, Lower, N, Parameter, fields, named};

impl Lower<'_> {
    pub(super) fn python(&mut self, n: N<'_>) -> Id {
        match n.kind() {
            "identifier" => self.name(n),
            "string" => self.string(n, &["interpolation"]),
            "concatenated_string" => {
                let parts = self.all(n);
                self.add(n, Kind::Build(parts))
            }
            "integer" | "float" | "true" | "false" | "none" | "ellipsis" => self.literal(n),
            "attribute" => {
                let object = self.need(n, "object");
                let name = self.field_text(n, "attribute");
                self.member(n, object, name)
            }
            "subscript" => {
                let object = self.need(n, "value");
                let index = self.field(n, "subscript");
                self.add(n, Kind::Index { object, index })
            }
            "call" => self.python_call(n),
            "binary_operator" => {
                let operator = self.field_text(n, "operator");
                self.binary(n, &operator)
            }
            "boolean_operator" => {
                let operator = self.field_text(n, "operator");
                let (left, right) = (self.need(n, "left"), self.need(n, "right"));
                if operator == "or" {
                    return self.add(n, Kind::Choice { condition: None, branches: vec![left, right] });
                }
                self.add(n, Kind::Binary { operator: "and".into(), left, right })
            }
            "comparison_operator" => {
                let operator = fields(n, "operators").first().map(|o| self.owned(*o)).unwrap_or_default();
                let sides = self.all(n);
                match (sides.first(), sides.last()) {
                    (Some(&left), Some(&right)) => self.add(n, Kind::Binary { operator, left, right }),
                    _ => self.add(n, Kind::Other(sides)),
                }
            }
            "not_operator" => {
                let value = self.need(n, "argument");
                self.add(n, Kind::Not(value))
            }
            "conditional_expression" => {
                let parts = self.all(n);
                let condition = parts.get(1).copied();
                let branches = parts.iter().step_by(2).copied().collect();
                self.add(n, Kind::Choice { condition, branches })
            }
            "assignment" | "augmented_assignment" => {
                let Some(right) = n.child_by_field_name("right") else { return self.other(n) };
                let value = self.node(right);
                let target = self.need(n, "left");
                self.assign(n, target, value, n.kind() == "augmented_assignment")
            }
            "named_expression" => {
                let value = self.need(n, "value");
                let target = self.need(n, "name");
                self.assign(n, target, value, false)
            }
            "list" | "tuple" | "set" | "pattern_list" | "tuple_pattern" | "list_pattern"
            | "expression_list" => {
                let items = self.all(n);
                self.add(n, Kind::List(items))
            }
            "list_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "dictionary_comprehension" => self.comprehension(n),
            "dictionary" => {
                let entries = named(n).into_iter().map(|entry| self.entry(entry)).collect();
                self.add(n, Kind::Map(entries))
            }
            "list_splat" | "dictionary_splat" => {
                let value = self.through(n);
                self.add(n, Kind::Spread(value))
            }
            "parenthesized_expression" | "await" | "expression_statement" => {
                if named(n).len() == 1 {
                    self.through(n)
                } else {
                    self.other(n)
                }
            }
            "return_statement" | "yield" => {
                let value = named(n).first().map(|value| self.node(*value));
                self.add(n, Kind::Return(value))
            }
            "if_statement" => self.python_if(n),
            "for_statement" => {
                let over = self.field(n, "right");
                let target = self.field(n, "left");
                let body = self.block(n, "body");
                self.add(n, Kind::Loop { target, over, body })
            }
            "with_item" => self.through(n),
            "as_pattern" => {
                let parts = self.all(n);
                match parts.as_slice() {
                    &[value, target] => self.assign(n, target, value, false),
                    _ => self.add(n, Kind::Other(parts)),
                }
            }
            "as_pattern_target" => self.through(n),
            "lambda" => {
                let parameters = self.python_parameters(n);
                let body = self.block(n, "body");
                self.function(n, Function { parameters, body, expression: true, ..Function::default() })
            }
            "function_definition" => self.python_function(n, Vec::new()),
            "decorated_definition" => {
                let (decorators, definition): (Vec<_>, Vec<_>) =
                    named(n).into_iter().partition(|child| child.kind() == "decorator");
                let decorators: Vec<Id> = decorators.into_iter().map(|d| self.through(d)).collect();
                match definition.first() {
                    Some(function) if function.kind() == "function_definition" => {
                        self.python_function(*function, decorators)
                    }
                    _ => self.other(n),
                }
            }
            "import_statement" | "import_from_statement" => self.python_import(n),
            "type" | "type_alias_statement" => self.add(n, Kind::Other(Vec::new())),
            _ => self.other(n),
        }
    }

    fn python_call(&mut self, n: N<'_>) -> Id {
        let callee = self.need(n, "function");
        let mut arguments = Vec::new();
        if let Some(list) = n.child_by_field_name("arguments") {
            if list.kind() == "generator_expression" {
                let value = self.node(list);
                arguments.push(Argument { name: None, value });
            } else {
                for argument in named(list) {
                    if argument.kind() == "keyword_argument" {
                        let name = Some(self.field_text(argument, "name"));
                        let value = self.need(argument, "value");
                        arguments.push(Argument { name, value });
                    } else {
                        let value = self.node(argument);
                        arguments.push(Argument { name: None, value });
                    }
                }
            }
        }
        self.call(n, callee, arguments)
    }

    fn entry(&mut self, entry: N<'_>) -> (Option<Id>, Id) {
        if entry.kind() != "pair" {
            return (None, self.node(entry));
        }
        let key = self.field(entry, "key");
        (key, self.need(entry, "value"))
    }

    /// The loops first, so that the element knows what its names stand for.
    fn comprehension(&mut self, n: N<'_>) -> Id {
        let mut parts = Vec::new();
        for clause in named(n) {
            if clause.kind() == "for_in_clause" {
                let over = self.field(clause, "right");
                let target = self.field(clause, "left");
                let loop_ = self.add(clause, Kind::Loop { target, over, body: Vec::new() });
                parts.push(loop_);
            } else if clause.kind() == "if_clause" {
                let condition = self.through(clause);
                let test = self.add(clause, Kind::If { condition, then: Vec::new(), otherwise: Vec::new() });
                parts.push(test);
            }
        }
        let body = match n.child_by_field_name("body") {
            Some(pair) if pair.kind() == "pair" => {
                let entry = self.entry(pair);
                self.add(pair, Kind::Map(vec![entry]))
            }
            Some(body) => self.node(body),
            None => self.literal(n),
        };
        parts.push(body);
        self.add(n, Kind::List(parts))
    }

    fn python_if(&mut self, n: N<'_>) -> Id {
        let condition = self.need(n, "condition");
        let then = self.block(n, "consequence");
        let mut otherwise = Vec::new();
        for alternative in fields(n, "alternative") {
            if alternative.kind() == "elif_clause" {
                let nested = self.python_if(alternative);
                otherwise.push(nested);
            } else {
                let rest = self.other(alternative);
                otherwise.push(rest);
            }
        }
        self.add(n, Kind::If { condition, then, otherwise })
    }

    fn python_function(&mut self, n: N<'_>, decorators: Vec<Id>) -> Id {
        let name = self.field_text(n, "name");
        let parameters = self.python_parameters(n);
        let body = self.block(n, "body");
        self.function(n, Function { name, parameters, decorators, body, expression: false })
    }

    fn python_parameters(&mut self, n: N<'_>) -> Vec<Parameter> {
        let Some(list) = n.child_by_field_name("parameters") else { return Vec::new() };
        named(list)
            .into_iter()
            .map(|parameter| {
                let name = match parameter.child_by_field_name("name") {
                    Some(name) => self.owned(name),
                    None if parameter.kind() == "identifier" => self.owned(parameter),
                    None => named(parameter).first().map(|name| self.owned(*name)).unwrap_or_default(),
                };
                let name = name.trim_start_matches('*').to_owned();
                let kind = self.field_text(parameter, "type");
                Parameter { name, kind, text: self.owned(parameter), pattern: None }
            })
            .collect()
    }

    fn python_import(&mut self, n: N<'_>) -> Id {
        let module = n.child_by_field_name("module_name").map(|m| self.owned(m));
        let whole = |name: &str| match &module {
            Some(module) => format!("{module}.{name}"),
            None => name.to_owned(),
        };
        for name in fields(n, "name") {
            let aliased = name.kind() == "aliased_import";
            let real = if aliased { self.field_text(name, "name") } else { self.owned(name) };
            if aliased {
                let local = self.field_text(name, "alias");
                self.import(&local, whole(&real));
            } else if module.is_some() {
                self.import(&real, whole(&real));
            } else if let Some(first) = real.split('.').next() {
                self.import(first, first.to_owned());
            }
        }
        // A module without names is still imported, for rules that ask which are.
        if let Some(module) = module {
            self.tree.imports.entry(format!("import {module}")).or_insert(module);
        }
        self.add(n, Kind::Other(Vec::new()))
    }
}
