//! Functions: where the client's values come in, and what a handler knows of its caller.

use std::rc::Rc;

use super::calls::Guarding;
use super::state::{Context, Scan};
use super::value::{EVERYWHERE, Hole, Step, Value};
use crate::code::rules::words::Pattern;
use crate::code::tree::{Call, Function, Id, Kind, Parameter};

fn matches(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(text))
}

impl Scan<'_, '_> {
    pub(super) fn function(&mut self, id: Id, function: &Function) -> Value {
        self.function_beside(id, function, String::new(), None)
    }

    /// A function, with what stands beside it, and with what its first parameter is given, where that is known.
    pub(super) fn function_beside(
        &mut self,
        id: Id,
        function: &Function,
        beside: String,
        first: Option<&Value>,
    ) -> Value {
        let knowledge = self.knowledge();
        let mut decorated = false;
        for decorator in &function.decorators {
            self.value(*decorator);
            let names = match self.tree.kind(*decorator) {
                Some(Kind::Call(call)) => self.paths(call.callee),
                _ => self.paths(*decorator),
            };
            decorated |= self.is(&knowledge.decorated, &names);
            if !matches!(self.tree.kind(*decorator), Some(Kind::Call(_))) {
                // A decorator without brackets is a call all the same.
                let call = Call { callee: *decorator, arguments: Vec::new() };
                self.check_call(*decorator, &call, &names, &[]);
            }
        }
        let place = self.tree.place(id);
        // The `@` stands before the decorator's expression.
        let decorator =
            function.decorators.first().map(|first| self.tree.place(*first).start.saturating_sub(1));
        let start = decorator.unwrap_or(place.start);
        let handler = decorated
            || function.parameters.iter().any(|parameter| matches(&knowledge.handler, &parameter.text));
        let mut context = Context {
            start: start.min(place.start),
            end: place.end,
            name: function.name.clone(),
            handler,
            answers: decorated,
            function: Some(id),
            beside,
            ..Context::default()
        };
        self.scope.enter();
        for (at, parameter) in function.parameters.iter().enumerate() {
            let value = match first.filter(|_| at == 0) {
                Some(value) => value.clone(),
                None => self.parameter(id, parameter, decorated, handler),
            };
            if value.by_client().is_some() {
                context.sent.push(parameter.name.clone());
            }
            match parameter.pattern {
                Some(pattern) => self.bind(pattern, &value),
                None => self.scope.declare(&parameter.name, value),
            }
        }
        let guarded = self.scope.guarded.len();
        self.contexts.push(context);
        let mut last = Value::default();
        for statement in &function.body {
            last = self.value(*statement);
        }
        if function.expression
            && let Some(body) = function.body.last()
        {
            self.check_return(id, *body, &last);
        }
        let context = self.contexts.pop();
        self.scope.leave();
        self.scope.guarded.truncate(guarded);
        if function.expression {
            last
        } else {
            context.and_then(|context| context.returned).unwrap_or_default()
        }
    }

    fn parameter(&mut self, id: Id, parameter: &Parameter, decorated: bool, handler: bool) -> Value {
        let knowledge = self.knowledge();
        let label: Rc<str> = parameter.name.as_str().into();
        let never = matches(&knowledge.never, &parameter.text);
        let sent = !never
            && (decorated && knowledge.parameter.is_empty()
                || matches(&knowledge.parameter, &parameter.text)
                || handler && matches(&knowledge.companion, &parameter.name));
        if !sent {
            return Value::unknown(label);
        }
        let harmless = !parameter.kind.is_empty() && matches(&knowledge.harmless, &parameter.kind)
            || self.typed_by_route(id, &parameter.name);
        let way = Rc::new(Step { line: self.line(id), before: None, fresh: true });
        Value::hole(Hole {
            way: Some(way),
            whole: matches(&knowledge.whole_parameter, &parameter.text),
            clean: if harmless { EVERYWHERE } else { 0 },
            constant: false,
            label,
        })
    }

    /// `/orders/<int:id>`, `/orders/{id:int}`: the route lets only numbers in.
    fn typed_by_route(&self, function: Id, name: &str) -> bool {
        let Some(Kind::Function(function)) = self.tree.kind(function) else { return false };
        let kinds = ["int", "float", "uuid"];
        function.decorators.iter().any(|decorator| {
            let text = self.text(*decorator);
            kinds.iter().any(|kind| {
                text.contains(&format!("<{kind}:{name}>")) || text.contains(&format!("{{{name}:{kind}}}"))
            })
        })
    }

    /// The function to which `with`, `without` and the owner's check refer: the handler, where there is one.
    pub(super) fn around(&self) -> Option<&Context> {
        self.contexts.iter().find(|context| context.handler).or_else(|| self.contexts.last())
    }

    /// Whether the walk is inside a function that answers requests.
    pub(super) fn in_answer(&self) -> bool {
        self.contexts.last().is_some_and(|context| context.answers)
    }

    /// The handler knows its caller, and nothing in it looks at the owner.
    pub(super) fn no_owner(&self) -> bool {
        let Some(context) = self.around() else { return false };
        let knowledge = self.knowledge();
        let text = self.source.get(context.start..context.end).unwrap_or_default();
        let knows = matches(&knowledge.login, text)
            || matches(&knowledge.login, self.head_of_class(context))
            || matches(&knowledge.login, &context.beside)
            || matches(&knowledge.user, text);
        knows && !matches(&knowledge.owner, &context.beside) && !self.looks_at_owner(context)
    }

    /// What stands between the head of a class and its method: `permission_classes = [IsAuthenticated]`.
    fn head_of_class(&self, context: &Context) -> &str {
        const LONGEST: usize = 4096;
        let before = self.source.get(..context.start).unwrap_or_default();
        let indented = before.rsplit('\n').next().is_some_and(|line| line.starts_with([' ', '\t']));
        let class = before.rfind("\nclass ").or_else(|| before.starts_with("class ").then_some(0));
        let class = class.filter(|at| indented && context.start - at <= LONGEST);
        class.and_then(|at| before.get(at..)).unwrap_or_default()
    }

    fn looks_at_owner(&self, context: &Context) -> bool {
        let knowledge = self.knowledge();
        let Some(Kind::Function(function)) = context.function.and_then(|id| self.tree.kind(id)) else {
            return true;
        };
        let of_owner = |id: Id| {
            let text = self.text(id);
            let sent = context.sent.iter().any(|name| name == text.trim_start_matches('$'));
            !sent && (matches(&knowledge.owner, text) || matches(&knowledge.user, text))
        };
        for decorator in &function.decorators {
            if matches(&knowledge.owner, self.text(*decorator)) {
                return true;
            }
        }
        for top in &function.body {
            for id in self.tree.below(*top) {
                let looked = match self.tree.kind(id) {
                    Some(Kind::Binary { left, right, .. }) => of_owner(*left) || of_owner(*right),
                    Some(Kind::Call(call)) => {
                        let names = self.paths(call.callee);
                        let callee = self.text(call.callee);
                        let log = self.is(&knowledge.logs, &names);
                        // What hands over the user is no check; what is asked of the user's own things is.
                        let asks =
                            matches(&knowledge.owner, callee) || call_root_is_user(&knowledge.user, callee);
                        let named = call.arguments.iter().any(|argument| {
                            let by_name =
                                argument.name.as_deref().is_some_and(|n| matches(&knowledge.owner, n));
                            by_name || self.mentions_owner(argument.value, context)
                        });
                        let whole = self.text(id);
                        let gives_user = knowledge.user.iter().any(|user| {
                            user.find(whole)
                                .is_some_and(|found| found.start() == 0 && found.end() == whole.len())
                        });
                        let hands_over = gives_user
                            || matches(&knowledge.user, self.text(id))
                                && !matches(&knowledge.owner, self.text(id))
                                && !call_root_is_user(&knowledge.user, callee)
                                && !named;
                        !log && !hands_over && (asks || named)
                    }
                    _ => false,
                };
                if looked {
                    return true;
                }
            }
        }
        false
    }

    /// Names, keys and SQL inside an argument that speak of the owner.
    fn mentions_owner(&self, id: Id, context: &Context) -> bool {
        let knowledge = self.knowledge();
        if matches!(self.tree.kind(id), Some(Kind::Function(_))) {
            return false;
        }
        self.tree.below(id).into_iter().any(|id| match self.tree.kind(id) {
            Some(Kind::Name(name)) => {
                !context.sent.contains(name)
                    && (matches(&knowledge.owner, name) || matches(&knowledge.user, name))
            }
            Some(Kind::Member { .. }) => {
                let text = self.text(id);
                let of_sent = self.value_is_sent(id);
                !of_sent && (matches(&knowledge.owner, text) || matches(&knowledge.user, text))
            }
            Some(Kind::Text(text)) => matches(&knowledge.owner, text),
            _ => false,
        })
    }

    fn value_is_sent(&self, id: Id) -> bool {
        let names = self.paths(id);
        self.is(&self.knowledge().sources, &names)
    }

    /// Remembers what a condition allows.
    pub(super) fn guard(&mut self, condition: Id) {
        let guarded = Guarding { scan: self }.names(condition);
        for id in guarded {
            let text = self.text(id).to_owned();
            self.scope.guarded.push(text);
            let quiet = std::mem::replace(&mut self.quiet, true);
            let value = self.value(id);
            self.quiet = quiet;
            self.scope.allow(&value);
        }
    }
}

/// `current_user.orders.filter(...)`: asked of the user's own things.
fn call_root_is_user(user: &[Pattern], callee: &str) -> bool {
    user.iter().any(|pattern| {
        pattern.find(callee).is_some_and(|found| {
            let rest = callee.get(found.end()..).unwrap_or_default();
            found.start() == 0 && rest.matches(['.', '>']).count() >= 2
        })
    })
}
