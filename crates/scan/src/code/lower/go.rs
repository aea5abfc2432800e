//! Go.

use super::{Argument, Function, Id, Kind, Lower, N, Parameter, fields, named, unquoted};

impl Lower<'_> {
    pub(super) fn go(&mut self, n: N<'_>) -> Id {
        match n.kind() {
            "identifier" | "field_identifier" | "type_identifier" | "package_identifier"
            | "qualified_type" => self.name(n),
            "interpreted_string_literal" | "raw_string_literal" | "rune_literal" => self.string(n, &[]),
            "int_literal" | "float_literal" | "true" | "false" | "nil" | "iota" => self.literal(n),
            "selector_expression" => {
                let object = self.need(n, "operand");
                let name = self.field_text(n, "field");
                self.member(n, object, name)
            }
            "index_expression" => {
                let object = self.need(n, "operand");
                let index = self.field(n, "index");
                self.add(n, Kind::Index { object, index })
            }
            "slice_expression" => {
                let object = self.need(n, "operand");
                self.add(n, Kind::Index { object, index: None })
            }
            "call_expression" => {
                let callee = self.need(n, "function");
                let arguments =
                    n.child_by_field_name("arguments").map(|list| self.all(list)).unwrap_or_default();
                let arguments = self.plain(arguments);
                self.call(n, callee, arguments)
            }
            "composite_literal" => self.go_literal(n),
            "literal_value" => {
                let entries = self.go_entries(n);
                self.add(n, Kind::Map(entries))
            }
            "literal_element" => self.through(n),
            "binary_expression" => {
                let operator = self.field_text(n, "operator");
                self.binary(n, &operator)
            }
            "unary_expression" => {
                let value = self.need(n, "operand");
                match self.field_text(n, "operator").as_str() {
                    "&" | "*" => value,
                    "!" => self.add(n, Kind::Not(value)),
                    _ => self.add(n, Kind::Other(vec![value])),
                }
            }
            "type_conversion_expression" => {
                let to = self.field_text(n, "type");
                let value = self.need(n, "operand");
                self.add(n, Kind::Cast { to, value })
            }
            "type_assertion_expression" => self.need(n, "operand"),
            "parenthesized_expression" | "expression_statement" => self.through(n),
            "short_var_declaration" | "assignment_statement" => {
                let adds = n.child_by_field_name("operator").is_some_and(|o| self.text(o) != "=");
                let right = n.child_by_field_name("right").map(|r| self.all(r)).unwrap_or_default();
                let left = n.child_by_field_name("left").map(|l| self.all(l)).unwrap_or_default();
                self.go_assign(n, left, right, adds)
            }
            "var_spec" | "const_spec" => {
                let right = n.child_by_field_name("value").map(|r| self.all(r)).unwrap_or_default();
                let left: Vec<Id> = fields(n, "name").into_iter().map(|name| self.node(name)).collect();
                self.go_assign(n, left, right, false)
            }
            "for_statement" => {
                let (mut target, mut over) = (None, None);
                let mut before = Vec::new();
                for child in named(n) {
                    match child.kind() {
                        "range_clause" => {
                            over = self.field(child, "right");
                            target = self.field(child, "left");
                        }
                        "block" => {}
                        _ => before.push(self.node(child)),
                    }
                }
                let body = self.block(n, "body");
                before.extend(body);
                self.add(n, Kind::Loop { target, over, body: before })
            }
            "expression_list" => {
                let items = self.all(n);
                match items.as_slice() {
                    [only] => *only,
                    _ => self.add(n, Kind::List(items)),
                }
            }
            "if_statement" => {
                let first = self.field(n, "initializer");
                let condition = self.need(n, "condition");
                let then = self.block(n, "consequence");
                let otherwise = self.block(n, "alternative");
                let test = self.add(n, Kind::If { condition, then, otherwise });
                self.add(n, Kind::Other(first.into_iter().chain([test]).collect()))
            }
            "return_statement" => {
                let value = named(n).first().map(|value| self.node(*value));
                self.add(n, Kind::Return(value))
            }
            "function_declaration" | "method_declaration" | "func_literal" => {
                let name = self.field_text(n, "name");
                let parameters = self.go_parameters(n);
                let body = self.block(n, "body");
                self.function(n, Function { name, parameters, body, ..Function::default() })
            }
            "import_spec" => {
                let path = unquoted(&self.field_text(n, "path")).to_owned();
                let name = self.field_text(n, "name");
                let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
                let local = if name.is_empty() { last(&path) } else { name };
                self.import(&local, path);
                self.add(n, Kind::Other(Vec::new()))
            }
            "type_declaration" | "package_clause" => self.add(n, Kind::Other(Vec::new())),
            _ => self.other(n),
        }
    }

    fn go_assign(&mut self, n: N<'_>, left: Vec<Id>, right: Vec<Id>, adds: bool) -> Id {
        let mut assigns = Vec::new();
        for (at, target) in left.iter().enumerate() {
            let Some(&value) = right.get(at).or_else(|| right.first()) else { break };
            // The second of two results is an error or a truth value.
            if at >= right.len() && at > 0 {
                break;
            }
            assigns.push(self.assign(n, *target, value, adds));
        }
        match assigns.as_slice() {
            [only] => *only,
            _ => self.add(n, Kind::Other(assigns)),
        }
    }

    fn go_literal(&mut self, n: N<'_>) -> Id {
        let kind = n.child_by_field_name("type").map_or("", |t| t.kind());
        let name = self.field_text(n, "type");
        let Some(body) = n.child_by_field_name("body") else { return self.other(n) };
        let entries = self.go_entries(body);
        match kind {
            "map_type" => self.add(n, Kind::Map(entries)),
            "slice_type" | "array_type" | "implicit_length_array_type" => {
                self.add(n, Kind::List(entries.into_iter().map(|(_, value)| value).collect()))
            }
            // `gin.H{}`, `bson.M{}`: maps by another name.
            _ if matches!(name.as_str(), "gin.H" | "bson.M" | "echo.Map" | "fiber.Map" | "jwt.MapClaims") => {
                self.add(n, Kind::Map(entries))
            }
            _ => {
                let callee = self.add(n, Kind::Name(format!("new {name}")));
                let arguments = entries
                    .into_iter()
                    .map(|(key, value)| {
                        let name = key.and_then(|key| self.tree.path(key)).map(str::to_owned);
                        Argument { name, value }
                    })
                    .collect();
                self.call(n, callee, arguments)
            }
        }
    }

    fn go_entries(&mut self, body: N<'_>) -> Vec<(Option<Id>, Id)> {
        named(body)
            .into_iter()
            .map(|element| match element.kind() {
                "keyed_element" => {
                    let key = self.field(element, "key");
                    (key, self.need(element, "value"))
                }
                _ => (None, self.node(element)),
            })
            .collect()
    }

    fn go_parameters(&mut self, n: N<'_>) -> Vec<Parameter> {
        let Some(list) = n.child_by_field_name("parameters") else { return Vec::new() };
        let mut parameters = Vec::new();
        for declaration in named(list) {
            let kind = self.field_text(declaration, "type");
            for name in fields(declaration, "name") {
                let text = self.owned(declaration);
                parameters.push(Parameter {
                    name: self.owned(name),
                    kind: kind.clone(),
                    text,
                    pattern: None,
                });
            }
        }
        parameters
    }
}
