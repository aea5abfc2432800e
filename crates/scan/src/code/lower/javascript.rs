//! JavaScript and TypeScript.

use super::{Function, Id, Kind, Lower, N, Parameter, named, unquoted};

impl Lower<'_> {
    pub(super) fn javascript(&mut self, n: N<'_>) -> Id {
        match n.kind() {
            "identifier"
            | "property_identifier"
            | "shorthand_property_identifier"
            | "this"
            | "shorthand_property_identifier_pattern"
            | "private_property_identifier"
            | "super"
            | "undefined" => self.name(n),
            "string" => self.string(n, &[]),
            "template_string" => self.string(n, &["template_substitution"]),
            "number" | "true" | "false" | "null" | "regex" => self.literal(n),
            "member_expression" => {
                let object = self.need(n, "object");
                let name = self.field_text(n, "property");
                self.member(n, object, name)
            }
            "subscript_expression" => {
                let object = self.need(n, "object");
                let index = self.field(n, "index");
                if let Some(name) = index.and_then(|index| self.tree.constant(index)).map(str::to_owned)
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
                {
                    return self.member(n, object, name);
                }
                self.add(n, Kind::Index { object, index })
            }
            "call_expression" => {
                let callee = self.need(n, "function");
                let arguments = match n.child_by_field_name("arguments") {
                    Some(list) if list.kind() == "arguments" => self.all(list),
                    Some(template) => vec![self.node(template)],
                    None => Vec::new(),
                };
                // A tagged template binds its holes: the tag decides what becomes of them.
                let tagged =
                    n.child_by_field_name("arguments").is_some_and(|a| a.kind() == "template_string");
                let callee = if tagged { self.member(n, callee, "tagged".into()) } else { callee };
                let arguments = self.plain(arguments);
                self.call(n, callee, arguments)
            }
            "new_expression" => {
                let constructor = format!("new {}", self.field_text(n, "constructor"));
                let callee = self.add(n, Kind::Name(constructor));
                let arguments =
                    n.child_by_field_name("arguments").map(|list| self.all(list)).unwrap_or_default();
                let arguments = self.plain(arguments);
                self.call(n, callee, arguments)
            }
            "binary_expression" => {
                let operator = self.field_text(n, "operator");
                if operator == "||" || operator == "??" {
                    let branches = vec![self.need(n, "left"), self.need(n, "right")];
                    return self.add(n, Kind::Choice { condition: None, branches });
                }
                self.binary(n, &operator)
            }
            "unary_expression" => {
                let value = self.need(n, "argument");
                match self.field_text(n, "operator").as_str() {
                    "+" | "-" => self.add(n, Kind::Cast { to: "number".into(), value }),
                    "!" => self.add(n, Kind::Not(value)),
                    _ => self.add(n, Kind::Other(vec![value])),
                }
            }
            "ternary_expression" => {
                let condition = self.field(n, "condition");
                let branches = vec![self.need(n, "consequence"), self.need(n, "alternative")];
                self.add(n, Kind::Choice { condition, branches })
            }
            "assignment_expression" | "augmented_assignment_expression" => {
                let value = self.need(n, "right");
                let target = self.need(n, "left");
                self.assign(n, target, value, n.kind().starts_with("augmented"))
            }
            "variable_declarator" | "public_field_definition" | "field_definition" => {
                let Some(right) = n.child_by_field_name("value") else { return self.other(n) };
                let value = self.node(right);
                let name = n.child_by_field_name("name").or_else(|| n.child_by_field_name("property"));
                let Some(name) = name else { return value };
                let target = self.node(name);
                self.javascript_require(target, value);
                self.assign(n, target, value, false)
            }
            "object" | "object_pattern" => {
                let entries = named(n).into_iter().map(|entry| self.javascript_entry(entry)).collect();
                self.add(n, Kind::Map(entries))
            }
            "array" | "array_pattern" => {
                let items = self.all(n);
                self.add(n, Kind::List(items))
            }
            "spread_element" | "rest_pattern" => {
                let value = self.through(n);
                self.add(n, Kind::Spread(value))
            }
            "object_assignment_pattern" | "assignment_pattern" => self.need(n, "left"),
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "non_null_expression"
            | "satisfies_expression"
            | "expression_statement"
            | "jsx_expression" => self.through(n),
            "type_annotation" | "interface_declaration" | "type_alias_declaration" | "type_arguments" => {
                self.add(n, Kind::Other(Vec::new()))
            }
            "jsx_attribute" => {
                let parts = named(n);
                let (Some(&name), Some(&value)) = (parts.first(), parts.get(1)) else { return self.other(n) };
                let value = self.node(value);
                let target = self.add(name, Kind::Name(self.owned(name)));
                self.assign(n, target, value, false)
            }
            "arrow_function"
            | "function_expression"
            | "function_declaration"
            | "method_definition"
            | "generator_function"
            | "generator_function_declaration" => self.javascript_function(n),
            "if_statement" => {
                let condition = self.need(n, "condition");
                let then = self.block(n, "consequence");
                let otherwise = self.block(n, "alternative");
                self.add(n, Kind::If { condition, then, otherwise })
            }
            "for_in_statement" => {
                let over = self.field(n, "right");
                let target = self.field(n, "left");
                let body = self.block(n, "body");
                self.add(n, Kind::Loop { target, over, body })
            }
            "return_statement" => {
                let value = named(n).first().map(|value| self.node(*value));
                self.add(n, Kind::Return(value))
            }
            "import_statement" => self.javascript_import(n),
            _ => self.other(n),
        }
    }

    fn javascript_entry(&mut self, entry: N<'_>) -> (Option<Id>, Id) {
        match entry.kind() {
            "pair" | "pair_pattern" => {
                let key = entry.child_by_field_name("key").map(|key| match key.kind() {
                    "property_identifier" => self.add(key, Kind::Text(self.owned(key))),
                    "computed_property_name" => self.through(key),
                    _ => self.node(key),
                });
                (key, self.need(entry, "value"))
            }
            "shorthand_property_identifier" | "shorthand_property_identifier_pattern" => {
                let key = self.add(entry, Kind::Text(self.owned(entry)));
                (Some(key), self.name(entry))
            }
            "object_assignment_pattern" => {
                let left = self.need(entry, "left");
                let key = self.add(entry, Kind::Text(self.field_text(entry, "left")));
                (Some(key), left)
            }
            _ => (None, self.node(entry)),
        }
    }

    fn javascript_function(&mut self, n: N<'_>) -> Id {
        let name = self.field_text(n, "name");
        let mut parameters = Vec::new();
        if let Some(list) = n.child_by_field_name("parameters") {
            for parameter in named(list) {
                parameters.push(self.javascript_parameter(parameter));
            }
        } else if let Some(only) = n.child_by_field_name("parameter") {
            parameters.push(self.javascript_parameter(only));
        }
        // Decorators stand before a method, as its siblings.
        let mut decorators = Vec::new();
        let mut before = n.prev_named_sibling();
        while let Some(decorator) = before.filter(|b| b.kind() == "decorator") {
            let id = self.through(decorator);
            decorators.push(id);
            before = decorator.prev_named_sibling();
        }
        let expression = n.child_by_field_name("body").is_some_and(|b| b.kind() != "statement_block");
        let body = self.block(n, "body");
        self.function(n, Function { name, parameters, decorators, body, expression })
    }

    fn javascript_parameter(&mut self, n: N<'_>) -> Parameter {
        let pattern = n.child_by_field_name("pattern").or_else(|| n.child_by_field_name("left")).unwrap_or(n);
        let kind = self.field_text(n, "type").trim_start_matches(':').trim().to_owned();
        let text = self.owned(n);
        match pattern.kind() {
            "object_pattern" | "array_pattern" => {
                let id = self.node(pattern);
                Parameter { name: String::new(), kind, text, pattern: Some(id) }
            }
            _ => Parameter { name: self.owned(pattern), kind, text, pattern: None },
        }
    }

    /// `const cp = require("child_process")`, `const { exec } = require("child_process")`.
    fn javascript_require(&mut self, target: Id, value: Id) {
        let (path, member) = match self.tree.kind(value) {
            Some(Kind::Member { object, name }) => (*object, Some(name.clone())),
            _ => (value, None),
        };
        let Some(Kind::Call(call)) = self.tree.kind(path) else { return };
        if self.tree.path(call.callee) != Some("require") {
            return;
        }
        let Some(module) = call.arguments.first().and_then(|a| self.tree.constant(a.value)) else { return };
        let module = match member {
            Some(member) => format!("{}.{member}", module.trim_start_matches("node:")),
            None => module.trim_start_matches("node:").to_owned(),
        };
        let locals: Vec<(String, String)> = match self.tree.kind(target) {
            Some(Kind::Name(name)) => vec![(name.clone(), module)],
            Some(Kind::Map(entries)) => entries
                .iter()
                .filter_map(|(key, value)| {
                    let key = self.tree.constant((*key)?)?;
                    Some((self.tree.path(*value)?.to_owned(), format!("{module}.{key}")))
                })
                .collect(),
            _ => Vec::new(),
        };
        for (local, stands_for) in locals {
            self.import(&local, stands_for);
        }
    }

    fn javascript_import(&mut self, n: N<'_>) -> Id {
        let module = unquoted(&self.field_text(n, "source")).trim_start_matches("node:").to_owned();
        let mut open = named(n);
        while let Some(part) = open.pop() {
            match part.kind() {
                "import_specifier" => {
                    let name = self.field_text(part, "name");
                    let alias = self.field_text(part, "alias");
                    let local = if alias.is_empty() { name.clone() } else { alias };
                    self.import(&local, format!("{module}.{name}"));
                }
                "identifier" => {
                    let local = self.owned(part);
                    self.import(&local, module.clone());
                }
                _ => open.extend(named(part)),
            }
        }
        self.add(n, Kind::Other(Vec::new()))
    }
}
