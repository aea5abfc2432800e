//! PHP. Language constructs that act like functions (`echo`, `include`, backquotes) become calls of that name.

use super::{Argument, Function, Id, Kind, Lower, N, Parameter, every, named};

impl Lower<'_> {
    pub(super) fn php(&mut self, n: N<'_>) -> Id {
        match n.kind() {
            "variable_name" | "name" | "relative_scope" => self.name(n),
            "qualified_name" => {
                let last = self.text(n).rsplit('\\').next().unwrap_or_default().to_owned();
                self.add(n, Kind::Name(last))
            }
            "string" => self.string(n, &[]),
            "encapsed_string" | "heredoc_body" => self.string(n, &["*"]),
            "heredoc" => self.need(n, "value"),
            "nowdoc" => {
                let text = self.owned(n);
                self.add(n, Kind::Text(text))
            }
            "integer" | "float" | "boolean" | "null" => self.literal(n),
            "member_access_expression" | "nullsafe_member_access_expression" => {
                let object = self.need(n, "object");
                let name = self.field_text(n, "name");
                self.member(n, object, name)
            }
            "scoped_property_access_expression" => {
                let object = self.need(n, "scope");
                let name = self.field_text(n, "name").trim_start_matches('$').to_owned();
                self.member(n, object, name)
            }
            "class_constant_access_expression" => {
                let parts = named(n);
                let (Some(&class), Some(&name)) = (parts.first(), parts.last()) else { return self.other(n) };
                let object = self.node(class);
                let name = self.owned(name);
                self.member(n, object, name)
            }
            "subscript_expression" => {
                let parts = self.all(n);
                let Some(&object) = parts.first() else { return self.other(n) };
                self.add(n, Kind::Index { object, index: parts.get(1).copied() })
            }
            "function_call_expression" => {
                let callee = self.need(n, "function");
                let arguments = self.php_arguments(n.child_by_field_name("arguments"));
                self.call(n, callee, arguments)
            }
            "member_call_expression" | "nullsafe_member_call_expression" | "scoped_call_expression" => {
                let scoped = n.kind() == "scoped_call_expression";
                let object = self.need(n, if scoped { "scope" } else { "object" });
                let name = self.field_text(n, "name");
                let callee = self.member(n, object, name);
                let arguments = self.php_arguments(n.child_by_field_name("arguments"));
                self.call(n, callee, arguments)
            }
            "object_creation_expression" => {
                let parts = named(n);
                let class = parts.first().map(|class| self.text(*class)).unwrap_or_default();
                let class = class.rsplit('\\').next().unwrap_or_default();
                let callee = self.add(n, Kind::Name(format!("new {class}")));
                let arguments = self.php_arguments(parts.into_iter().find(|part| part.kind() == "arguments"));
                self.call(n, callee, arguments)
            }
            "echo_statement" => self.php_construct(n, "echo"),
            "print_intrinsic" => self.php_construct(n, "print"),
            "exit_statement" => self.php_construct(n, "exit"),
            "include_expression"
            | "include_once_expression"
            | "require_expression"
            | "require_once_expression" => self.php_construct(n, "include"),
            "shell_command_expression" => {
                let value = self.string(n, &["*"]);
                let callee = self.add(n, Kind::Name("shell_exec".into()));
                self.call(n, callee, vec![Argument { name: None, value }])
            }
            "binary_expression" => {
                let operator = self.field_text(n, "operator");
                if operator == "??" {
                    let branches = vec![self.need(n, "left"), self.need(n, "right")];
                    return self.add(n, Kind::Choice { condition: None, branches });
                }
                self.binary(n, &operator)
            }
            "unary_op_expression" => {
                let Some(argument) = named(n).last().copied() else { return self.literal(n) };
                let value = self.node(argument);
                if self.text(n).starts_with('!') { self.add(n, Kind::Not(value)) } else { value }
            }
            "conditional_expression" => {
                let condition = self.field(n, "condition");
                let first = self.field(n, "body").or(condition);
                let last = self.need(n, "alternative");
                let branches = first.into_iter().chain([last]).collect();
                self.add(n, Kind::Choice { condition, branches })
            }
            "match_expression" => {
                let condition = self.field(n, "condition");
                let arms = n.child_by_field_name("body").map(named).unwrap_or_default();
                let branches = arms.into_iter().map(|arm| {
                    let value = named(arm).last().copied().unwrap_or(arm);
                    self.node(value)
                });
                let branches = branches.collect();
                self.add(n, Kind::Choice { condition, branches })
            }
            "assignment_expression"
            | "augmented_assignment_expression"
            | "reference_assignment_expression" => {
                let value = self.need(n, "right");
                let target = self.need(n, "left");
                self.assign(n, target, value, n.kind().starts_with("augmented"))
            }
            "property_element" => {
                let Some(right) = n.child_by_field_name("default_value") else { return self.other(n) };
                let value = self.node(right);
                let target = self.need(n, "name");
                self.assign(n, target, value, false)
            }
            "const_element" => {
                let parts = named(n);
                let (Some(&name), Some(&value)) = (parts.first(), parts.get(1)) else { return self.other(n) };
                let value = self.node(value);
                let target = self.node(name);
                self.assign(n, target, value, false)
            }
            "array_creation_expression" => {
                let entries: Vec<_> = named(n).into_iter().map(|entry| self.php_entry(entry)).collect();
                if entries.iter().any(|(key, _)| key.is_some()) {
                    return self.add(n, Kind::Map(entries));
                }
                self.add(n, Kind::List(entries.into_iter().map(|(_, value)| value).collect()))
            }
            "variadic_unpacking" => {
                let value = self.through(n);
                self.add(n, Kind::Spread(value))
            }
            "cast_expression" => {
                let to = self.field_text(n, "type");
                let value = self.need(n, "value");
                self.add(n, Kind::Cast { to, value })
            }
            "expression_statement" if after_short_echo(n, self.source) => self.php_construct(n, "echo"),
            "parenthesized_expression" | "expression_statement" | "error_suppression_expression" => {
                self.through(n)
            }
            "if_statement" | "else_if_clause" => {
                let condition = self.need(n, "condition");
                let then = self.block(n, "body");
                let otherwise = super::fields(n, "alternative").into_iter().map(|a| self.node(a)).collect();
                self.add(n, Kind::If { condition, then, otherwise })
            }
            "foreach_statement" => {
                let parts = named(n);
                let over = parts.first().map(|over| self.node(*over));
                let target = parts.get(1).filter(|t| !t.kind().contains("statement")).map(|t| self.node(*t));
                let body = self.block(n, "body");
                self.add(n, Kind::Loop { target, over, body })
            }
            "return_statement" => {
                let value = named(n).first().map(|value| self.node(*value));
                self.add(n, Kind::Return(value))
            }
            "function_definition" | "method_declaration" | "anonymous_function" | "arrow_function" => {
                let name = self.field_text(n, "name");
                let parameters = self.php_parameters(n);
                let body = self.block(n, "body");
                let expression = n.kind() == "arrow_function";
                self.function(n, Function { name, parameters, body, expression, ..Function::default() })
            }
            "namespace_use_declaration" | "namespace_definition" | "text" | "php_tag" => {
                self.add(n, Kind::Other(Vec::new()))
            }
            _ => self.other(n),
        }
    }

    fn php_construct(&mut self, n: N<'_>, name: &str) -> Id {
        let values = self.all(n);
        let callee = self.add(n, Kind::Name(name.into()));
        let arguments = self.plain(values);
        self.call(n, callee, arguments)
    }

    fn php_arguments(&mut self, list: Option<N<'_>>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for argument in list.map(named).unwrap_or_default() {
            let name = argument.child_by_field_name("name").map(|name| self.owned(name));
            let Some(&value) = named(argument).last() else { continue };
            let value = if argument.kind() == "argument" { self.node(value) } else { self.node(argument) };
            arguments.push(Argument { name, value });
        }
        arguments
    }

    fn php_entry(&mut self, entry: N<'_>) -> (Option<Id>, Id) {
        let parts = named(entry);
        match *parts.as_slice() {
            [key, value] if every(entry).iter().any(|token| token.kind() == "=>") => {
                let key = self.node(key);
                (Some(key), self.node(value))
            }
            [only] => (None, self.node(only)),
            _ => (None, self.other(entry)),
        }
    }

    fn php_parameters(&mut self, n: N<'_>) -> Vec<Parameter> {
        let Some(list) = n.child_by_field_name("parameters") else { return Vec::new() };
        let of = |parameter: N<'_>| Parameter {
            name: self.field_text(parameter, "name").trim_start_matches('$').to_owned(),
            kind: self.field_text(parameter, "type"),
            text: self.owned(parameter),
            pattern: None,
        };
        named(list).into_iter().map(of).collect()
    }
}

/// `<?= $value ?>` prints its expression.
fn after_short_echo(n: N<'_>, source: &str) -> bool {
    let Some(before) = n.prev_sibling() else { return false };
    let tag =
        if before.kind() == "text_interpolation" { every(before).pop().unwrap_or(before) } else { before };
    source.get(tag.byte_range()).is_some_and(|text| text == "<?=")
}
