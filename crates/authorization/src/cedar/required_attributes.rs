//! The attributes that policies use: no others are made for a decision.

use std::collections::BTreeMap;

use serde_json::Value;

/// Attributes in use, and the attributes in use within them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RequiredAttributes {
    whole: bool,
    members: BTreeMap<String, RequiredAttributes>,
}

/// What a set of policies requirements at, by variable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requirements {
    pub(crate) principal: RequiredAttributes,
    pub(crate) resource: RequiredAttributes,
    pub(crate) context: RequiredAttributes,
}

impl RequiredAttributes {
    /// A value in use as a whole.
    pub(crate) fn everything() -> RequiredAttributes {
        RequiredAttributes { whole: true, members: BTreeMap::new() }
    }

    /// What is in use of an attribute; `None` when nothing is.
    pub(crate) fn member(&self, name: &str) -> Option<&RequiredAttributes> {
        if self.whole { Some(self) } else { self.members.get(name) }
    }

    fn add(&mut self, path: &[&str], whole: bool) {
        match path.split_first() {
            Some((first, rest)) => self.members.entry((*first).to_owned()).or_default().add(rest, whole),
            None => self.whole |= whole,
        }
    }
}

impl Requirements {
    /// Adds what a policy in Cedar's JSON form requirements at.
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
        // An entity by itself is compared by its name: that requirements at none of its attributes.
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

    fn requirements(text: &str) -> Requirements {
        let mut requirements = Requirements::default();
        requirements.add(&cedar_policy::Policy::parse(None, text).unwrap().to_json().unwrap());
        requirements
    }

    #[test]
    fn only_what_a_policy_names_is_required() {
        let requirements = requirements(
            r#"permit(principal, action, resource) when { resource.object.owner.id == principal.id }
               unless { resource has object && resource.object.state like "clo*" };"#,
        );
        let object = requirements.resource.member("object").unwrap();
        assert!(object.member("owner").unwrap().member("id").is_some());
        assert!(object.member("owner").unwrap().member("name").is_none());
        assert!(object.member("state").is_some());
        assert!(object.member("secret").is_none(), "`has object` does not look into it");
        assert!(requirements.resource.member("body").is_none());
        assert!(requirements.principal.member("id").is_some());
        assert!(requirements.principal.member("sub").is_none());
    }

    #[test]
    fn what_is_compared_as_a_whole_is_required_whole() {
        let requirements = requirements(
            r#"permit(principal, action, resource) when { resource.object.a == {"x": 1} && context == {} };"#,
        );
        let a = requirements.resource.member("object").unwrap().member("a").unwrap();
        assert!(a.member("anything").is_some());
        assert!(requirements.resource.member("object").unwrap().member("b").is_none());
        assert!(requirements.context.member("ip").is_some());
    }
}
