//! What policies look at: the rest need not be made.

use std::collections::BTreeMap;

use serde_json::Value;

/// Attributes that are looked at, and what is looked at in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    whole: bool,
    members: BTreeMap<String, Wanted>,
}

/// What a set of policies looks at, by variable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looks {
    pub(crate) principal: Wanted,
    pub(crate) resource: Wanted,
    pub(crate) context: Wanted,
}

impl Wanted {
    /// A value that is looked at as a whole.
    pub(crate) fn everything() -> Wanted {
        Wanted { whole: true, members: BTreeMap::new() }
    }

    /// What is looked at in an attribute; `None` when nothing is.
    pub(crate) fn member(&self, name: &str) -> Option<&Wanted> {
        if self.whole { Some(self) } else { self.members.get(name) }
    }

    fn add(&mut self, path: &[&str], whole: bool) {
        match path.split_first() {
            Some((first, rest)) => self.members.entry((*first).to_owned()).or_default().add(rest, whole),
            None => self.whole |= whole,
        }
    }
}

impl Looks {
    /// Adds what a policy in Cedar's JSON form looks at.
    pub(crate) fn add(&mut self, policy: &Value) {
        for condition in policy.get("conditions").and_then(Value::as_array).into_iter().flatten() {
            self.walk(condition.get("body").unwrap_or(&Value::Null));
        }
    }

    fn walk(&mut self, node: &Value) {
        if let Some((variable, path)) = access(node) {
            // `has` asks whether there is one, not what it is.
            let whole = node.get("has").is_none();
            match variable {
                "principal" => self.principal.add(&path, whole),
                "resource" => self.resource.add(&path, whole),
                "context" => self.context.add(&path, whole),
                _ => {}
            }
            return;
        }
        match node {
            Value::Object(map) => map.values().for_each(|value| self.walk(value)),
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            _ => {}
        }
    }
}

/// The variable and the attributes of `resource.a.b`, or of `resource.a has b`.
fn access(node: &Value) -> Option<(&str, Vec<&str>)> {
    if let Some(variable) = node.get("Var").and_then(Value::as_str) {
        // An entity by itself is compared by its name: that looks at none of its attributes.
        return match variable {
            "context" => Some((variable, Vec::new())),
            _ => None,
        };
    }
    let inner = node.get(".").or_else(|| node.get("has"))?;
    let attribute = inner.get("attr")?.as_str()?;
    let left = inner.get("left")?;
    let (variable, mut path) = match left.get("Var").and_then(Value::as_str) {
        Some(variable) => (variable, Vec::new()),
        None => access(left)?,
    };
    path.push(attribute);
    Some((variable, path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn looks(text: &str) -> Looks {
        let mut looks = Looks::default();
        looks.add(&cedar_policy::Policy::parse(None, text).unwrap().to_json().unwrap());
        looks
    }

    #[test]
    fn only_what_a_policy_names_is_wanted() {
        let looks = looks(
            r#"permit(principal, action, resource) when { resource.object.owner.id == principal.id }
               unless { resource has object && resource.object.state like "clo*" };"#,
        );
        let object = looks.resource.member("object").unwrap();
        assert!(object.member("owner").unwrap().member("id").is_some());
        assert!(object.member("owner").unwrap().member("name").is_none());
        assert!(object.member("state").is_some());
        assert!(object.member("secret").is_none(), "`has object` does not look into it");
        assert!(looks.resource.member("body").is_none());
        assert!(looks.principal.member("id").is_some());
        assert!(looks.principal.member("sub").is_none());
    }

    #[test]
    fn what_is_compared_as_a_whole_is_wanted_whole() {
        let looks = looks(
            r#"permit(principal, action, resource) when { resource.object.a == {"x": 1} && context == {} };"#,
        );
        let a = looks.resource.member("object").unwrap().member("a").unwrap();
        assert!(a.member("anything").is_some());
        assert!(looks.resource.member("object").unwrap().member("b").is_none());
        assert!(looks.context.member("ip").is_some());
    }
}
