//! Path templates (`/users/{id}/orders`) and the tree that finds the most specific one for a path.
//!
//! OpenAPI 3.1 §4.8.8: concrete segments come before templated ones. On top of that, `{name}` may be a part of a
//! segment (`{id}.json`), and `**` as the last segment stands for any rest.

use std::collections::HashMap;
use std::fmt;

/// A path template, parsed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathTemplate {
    text: Box<str>,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Literal(Box<str>),
    Parameter { prefix: Box<str>, name: Box<str>, suffix: Box<str> },
    Rest,
}

/// Why a text is not a path template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not begin with a slash.
    #[error("the path `{0}` does not begin with `/`")]
    NoSlash(String),
    /// Braces do not pair, or a segment has two parameters.
    #[error("the segment `{0}` is not a literal, `{{name}}` or text around one `{{name}}`")]
    Segment(String),
    /// `**` is not the last segment.
    #[error("`**` must be the last segment of `{0}`")]
    RestNotLast(String),
}

impl PathTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// When braces do not pair, or `**` is not last.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(TemplateError::NoSlash(text.to_owned()));
        };
        let parts: Vec<&str> = rest.split('/').collect();
        let mut segments = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            segments.push(match *part {
                "**" if i + 1 == parts.len() => Segment::Rest,
                "**" => return Err(TemplateError::RestNotLast(text.to_owned())),
                part if part.contains(['{', '}']) => {
                    let broken = || TemplateError::Segment(part.to_owned());
                    let (prefix, after) = part.split_once('{').ok_or_else(broken)?;
                    let (name, suffix) = after.split_once('}').ok_or_else(broken)?;
                    if name.is_empty() || [prefix, name, suffix].iter().any(|s| s.contains(['{', '}'])) {
                        return Err(broken());
                    }
                    Segment::Parameter { prefix: prefix.into(), name: name.into(), suffix: suffix.into() }
                }
                part => Segment::Literal(part.into()),
            });
        }
        Ok(PathTemplate { text: text.into(), segments })
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The values that a path gives to the parameters; `None` when the template does not match it.
    pub fn captures<'p>(&self, path: &'p str) -> Option<Captures<'_, 'p>> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let mut captures = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Rest => return Some(captures),
                Segment::Literal(text) if parts.next() == Some(text) => {}
                Segment::Literal(_) => return None,
                Segment::Parameter { prefix, name, suffix } => {
                    let inner = parts.next()?.strip_prefix(&**prefix)?.strip_suffix(&**suffix)?;
                    captures.push((&**name, inner));
                }
            }
        }
        parts.next().is_none().then_some(captures)
    }

    /// Whether both match the same paths; names of parameters do not count.
    pub fn has_shape_of(&self, other: &PathTemplate) -> bool {
        let anonymous = |segment: &Segment| match segment {
            Segment::Parameter { prefix, suffix, .. } => {
                Segment::Parameter { prefix: prefix.clone(), name: "".into(), suffix: suffix.clone() }
            }
            other => other.clone(),
        };
        self.segments.iter().map(anonymous).eq(other.segments.iter().map(anonymous))
    }

    /// The names of the parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|s| match s {
            Segment::Parameter { name, .. } => Some(&**name),
            _ => None,
        })
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The values that a path gave to a template's parameters.
pub type Captures<'t, 'p> = Vec<(&'t str, &'p str)>;

/// Finds the most specific template for a path.
#[derive(Debug)]
pub struct Router<T> {
    root: Node,
    leaves: Vec<(PathTemplate, T)>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    partial: Vec<(Box<str>, Box<str>, Node)>,
    parameter: Option<Box<Node>>,
    rest: Option<usize>,
    leaf: Option<usize>,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Router { root: Node::default(), leaves: Vec::new() }
    }
}

impl<T> Router<T> {
    /// The entry for a template of the same shape (names of parameters do not count), made if it is not there.
    pub fn entry(&mut self, template: PathTemplate, make: impl FnOnce() -> T) -> &mut T {
        let mut node = &mut self.root;
        let mut slot_is_rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => node = node.literals.entry(text.clone()).or_default(),
                Segment::Parameter { prefix, suffix, .. } if prefix.is_empty() && suffix.is_empty() => {
                    node = node.parameter.get_or_insert_default();
                }
                Segment::Parameter { prefix, suffix, .. } => {
                    let found = node.partial.iter().position(|(p, s, _)| p == prefix && s == suffix);
                    let index = found.unwrap_or_else(|| {
                        node.partial.push((prefix.clone(), suffix.clone(), Node::default()));
                        node.partial.len() - 1
                    });
                    node = &mut node.partial[index].2;
                }
                Segment::Rest => slot_is_rest = true,
            }
        }
        let slot = if slot_is_rest { &mut node.rest } else { &mut node.leaf };
        let index = *slot.get_or_insert_with(|| {
            self.leaves.push((template, make()));
            self.leaves.len() - 1
        });
        &mut self.leaves[index].1
    }

    /// The most specific template that matches the path, with the values of its parameters.
    pub fn find<'p>(&self, path: &'p str) -> Option<(&PathTemplate, &T, Captures<'_, 'p>)> {
        let mut values = Vec::new();
        let rest = path.strip_prefix('/')?;
        let index = find(&self.root, Some(rest), &mut values)?;
        let (template, value) = &self.leaves[index];
        Some((template, value, template.parameters().zip(values).collect()))
    }

    /// Whether there is no template at all.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Every template with its value, in order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = (&PathTemplate, &T)> {
        self.leaves.iter().map(|(template, value)| (template, value))
    }
}

/// Depth-first, most specific branch first. `rest` is what remains after the last slash taken, `None` at the end.
fn find<'p>(node: &Node, rest: Option<&'p str>, values: &mut Vec<&'p str>) -> Option<usize> {
    let Some(rest) = rest else { return node.leaf };
    let (segment, after) = match rest.split_once('/') {
        Some((segment, after)) => (segment, Some(after)),
        None => (rest, None),
    };
    if let Some(found) = node.literals.get(segment).and_then(|next| find(next, after, values)) {
        return Some(found);
    }
    for (prefix, suffix, next) in &node.partial {
        let inner = segment.strip_prefix(&**prefix).and_then(|s| s.strip_suffix(&**suffix));
        if let Some(inner) = inner.filter(|s| !s.is_empty()) {
            values.push(inner);
            if let Some(found) = find(next, after, values) {
                return Some(found);
            }
            values.pop();
        }
    }
    if let Some(next) = node.parameter.as_deref().filter(|_| !segment.is_empty()) {
        values.push(segment);
        if let Some(found) = find(next, after, values) {
            return Some(found);
        }
        values.pop();
    }
    node.rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(templates: &[&str]) -> Router<String> {
        let mut router = Router::default();
        for t in templates {
            router.entry(PathTemplate::parse(t).unwrap(), || (*t).to_owned());
        }
        router
    }

    #[test]
    fn the_most_specific_template_wins() {
        let r = router(&[
            "/users/{id}",
            "/users/me",
            "/users/{id}/orders/{order}",
            "/files/**",
            "/r/{name}.json",
            "/r/{name}",
            "/",
        ]);
        let found = |path| r.find(path).map(|(_, v, c)| (v.as_str(), c));
        assert_eq!(found("/users/me"), Some(("/users/me", vec![])));
        assert_eq!(found("/users/7"), Some(("/users/{id}", vec![("id", "7")])));
        assert_eq!(
            found("/users/me/orders/2"),
            Some(("/users/{id}/orders/{order}", vec![("id", "me"), ("order", "2")]))
        );
        assert_eq!(found("/files/a/b"), Some(("/files/**", vec![])));
        assert_eq!(found("/r/x.json"), Some(("/r/{name}.json", vec![("name", "x")])));
        assert_eq!(found("/r/x"), Some(("/r/{name}", vec![("name", "x")])));
        assert_eq!(found("/"), Some(("/", vec![])));
        assert_eq!(found("/users/"), None);
        assert_eq!(found("/nowhere"), None);
    }

    #[test]
    fn broken_templates_are_refused() {
        for t in ["users", "/a/{", "/a/}", "/a/{}", "/{a}{b}", "/**/a"] {
            assert!(PathTemplate::parse(t).is_err(), "{t}");
        }
    }
}
