//! Java.

use super::{Argument, Function, Id, Kind, Lower, N, Parameter, named};

impl Lower<'_> {
    pub(super) fn java(&mut self, n: N<'_>) -> Id {
        match n.kind() {
            "identifier" | "this" | "super" | "type_identifier" | "scoped_type_identifier" => self.name(n),
            "string_literal" | "character_literal" => self.string(n, &["string_interpolation"]),
            "decimal_integer_literal"
            | "hex_integer_literal"
            | "decimal_floating_point_literal"
            | "true"
            | "false"
            | "null_literal"
            | "octal_integer_literal"
            | "class_literal" => self.literal(n),
            "field_access" => {
                let object = self.need(n, "object");
                let name = self.field_text(n, "field");
                self.member(n, object, name)
            }
            "array_access" => {
                let object = self.need(n, "array");
                let index = self.field(n, "index");
                self.add(n, Kind::Index { object, index })
            }
            "method_invocation" => {
                let name = self.field_text(n, "name");
                let callee = match self.field(n, "object") {
                    Some(object) => self.member(n, object, name),
                    None => self.add(n, Kind::Name(name)),
                };
                let arguments = self.java_arguments(n);
                self.call(n, callee, arguments)
            }
            "object_creation_expression" => {
                let full = self.field_text(n, "type");
                let plain = full.split('<').next().unwrap_or_default();
                let short = plain.rsplit('.').next().unwrap_or_default();
                let callee = self.add(n, Kind::Name(format!("new {short}")));
                let mut arguments = self.java_arguments(n);
                if let Some(body) = named(n).into_iter().find(|child| child.kind() == "class_body") {
                    let value = self.node(body);
                    arguments.push(Argument { name: Some("body".into()), value });
                }
                self.call(n, callee, arguments)
            }
            "binary_expression" => {
                let operator = self.field_text(n, "operator");
                self.binary(n, &operator)
            }
            "unary_expression" => {
                let value = self.need(n, "operand");
                let kind =
                    if self.text(n).starts_with('!') { Kind::Not(value) } else { Kind::Other(vec![value]) };
                self.add(n, kind)
            }
            "ternary_expression" => {
                let condition = self.field(n, "condition");
                let branches = vec![self.need(n, "consequence"), self.need(n, "alternative")];
                self.add(n, Kind::Choice { condition, branches })
            }
            "assignment_expression" => {
                let adds = self.field_text(n, "operator") != "=";
                let value = self.need(n, "right");
                let target = self.need(n, "left");
                self.assign(n, target, value, adds)
            }
            "variable_declarator" | "resource" => {
                let (Some(right), Some(left)) =
                    (n.child_by_field_name("value"), n.child_by_field_name("name"))
                else {
                    return self.other(n);
                };
                let value = self.node(right);
                let target = self.node(left);
                self.assign(n, target, value, false)
            }
            "array_initializer" | "element_value_array_initializer" => {
                let items = self.all(n);
                self.add(n, Kind::List(items))
            }
            "cast_expression" => {
                let to = self.field_text(n, "type");
                let value = self.need(n, "value");
                self.add(n, Kind::Cast { to, value })
            }
            "parenthesized_expression" | "expression_statement" => self.through(n),
            "enhanced_for_statement" => {
                let over = self.field(n, "value");
                let target = self.field(n, "name");
                let body = self.block(n, "body");
                self.add(n, Kind::Loop { target, over, body })
            }
            "if_statement" => {
                let condition = self.need(n, "condition");
                let then = self.block(n, "consequence");
                let otherwise = self.block(n, "alternative");
                self.add(n, Kind::If { condition, then, otherwise })
            }
            "return_statement" => {
                let value = named(n).first().map(|value| self.node(*value));
                self.add(n, Kind::Return(value))
            }
            "method_declaration" | "constructor_declaration" => {
                let name = self.field_text(n, "name");
                let parameters = self.java_parameters(n);
                let modifiers = named(n).into_iter().find(|child| child.kind() == "modifiers");
                let decorators = modifiers.map(|m| self.all(m)).unwrap_or_default();
                let body = self.block(n, "body");
                self.function(n, Function { name, parameters, decorators, body, expression: false })
            }
            "lambda_expression" => {
                let parameters = self.java_parameters(n);
                let expression = n.child_by_field_name("body").is_some_and(|body| body.kind() != "block");
                let body = self.block(n, "body");
                self.function(n, Function { parameters, body, expression, ..Function::default() })
            }
            "annotation" | "marker_annotation" => {
                let callee = self.need(n, "name");
                let arguments = self.java_arguments(n);
                self.call(n, callee, arguments)
            }
            "switch_expression" => self.java_switch(n),
            "import_declaration" => {
                let whole = named(n).first().map(|name| self.owned(*name)).unwrap_or_default();
                let last = whole.rsplit('.').next().unwrap_or_default().to_owned();
                self.tree.imports.entry(format!("import {last}")).or_insert(whole);
                self.add(n, Kind::Other(Vec::new()))
            }
            "generic_type" | "type_arguments" | "package_declaration" | "dimensions" => {
                self.add(n, Kind::Other(Vec::new()))
            }
            _ => self.other(n),
        }
    }

    fn java_arguments(&mut self, n: N<'_>) -> Vec<Argument> {
        let Some(list) = n.child_by_field_name("arguments") else { return Vec::new() };
        let mut arguments = Vec::new();
        for argument in named(list) {
            if argument.kind() == "element_value_pair" {
                let name = Some(self.field_text(argument, "key"));
                let value = self.need(argument, "value");
                arguments.push(Argument { name, value });
            } else {
                let value = self.node(argument);
                arguments.push(Argument { name: None, value });
            }
        }
        arguments
    }

    fn java_parameters(&mut self, n: N<'_>) -> Vec<Parameter> {
        let Some(list) = n.child_by_field_name("parameters") else { return Vec::new() };
        if list.kind() == "identifier" {
            return vec![Parameter { name: self.owned(list), ..Parameter::default() }];
        }
        let of = |parameter: N<'_>| match parameter.kind() {
            "identifier" => Parameter { name: self.owned(parameter), ..Parameter::default() },
            _ => Parameter {
                name: self.field_text(parameter, "name"),
                kind: self.field_text(parameter, "type"),
                text: self.owned(parameter),
                pattern: None,
            },
        };
        named(list).into_iter().map(of).collect()
    }

    /// A `switch` gives one of its arms' values.
    fn java_switch(&mut self, n: N<'_>) -> Id {
        let condition = self.field(n, "condition");
        let Some(body) = n.child_by_field_name("body") else { return self.other(n) };
        let rules = named(body);
        if rules.iter().any(|rule| rule.kind() != "switch_rule") {
            let body = self.node(body);
            return self.add(n, Kind::Other(condition.into_iter().chain([body]).collect()));
        }
        let arms = rules.into_iter().filter_map(|rule| named(rule).last().copied()).collect::<Vec<_>>();
        let branches = arms.into_iter().map(|arm| self.node(arm)).collect();
        self.add(n, Kind::Choice { condition, branches })
    }
}
