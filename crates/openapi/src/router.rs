//! Path templates (`/users/{id}/orders`) and the tree that finds the most specific one for a path.
//!
//! OpenAPI 3.1 §4.8.8: concrete segments come before templated ones. On top of that, `{name}` may be a part of a
//! segment (`{id}.json`), and `**` as the last segment matches zero or more segments: `/admin/**` covers `/admin`.
//!
//! A router compares spellings in one of two ways ([`Spelling`]). The operations of a document are found by their exact
//! path, because the document is an allowlist. The protections of a route are found by the loosest spelling that a
//! server may accept for it, because many servers ignore case, a trailing slash, `;parameters`, and blanks or dots at the
//! end of a segment (Express, ASP.NET, Rails, Tomcat, IIS): `/Admin;a/x/` must not leave what `/admin/**` requires.

use std::borrow::Cow;
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
                    let (prefix, suffix) = (canonical_path(prefix).into(), canonical_path(suffix).into());
                    Segment::Parameter { prefix, name: name.into(), suffix }
                }
                part => Segment::Literal(canonical_path(part).into()),
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

    /// Whether any text may stand at the end of its paths.
    pub fn ends_open(&self) -> bool {
        self.segments.last().is_some_and(|last| !matches!(last, Segment::Literal(_)))
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

/// A path in the form in which routers compare it: unreserved characters and those that a segment may hold as they are
/// (RFC 3986 §3.3) without escapes, everything else escaped in upper case. `;`, `/`, `?`, `#` and `%` stay as they are
/// written, because they mean something unescaped. Templates are in this form.
pub fn canonical_path(path: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
    let stays = |byte: u8| is_plain(byte) || b";/{}".contains(&byte);
    if path.bytes().all(stays) {
        return Cow::Borrowed(path);
    }
    let escaped = |at: usize| {
        let digits =
            path.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u8::from_str_radix(digits, 16).ok()
    };
    let mut canonical = String::with_capacity(path.len() + 8);
    let mut bytes = path.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, escaped(at)) {
            (b'%', Some(code)) => {
                bytes.nth(1);
                if is_plain(code) {
                    canonical.push(char::from(code));
                } else {
                    canonical.push_str(percent_encoding::percent_encode_byte(code));
                }
            }
            (byte, _) if stays(byte) => canonical.push(char::from(byte)),
            (byte, _) => canonical.push_str(percent_encoding::percent_encode_byte(byte)),
        }
    }
    Cow::Owned(canonical)
}

/// Which paths count as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// Only equal bytes.
    #[default]
    Exact,
    /// Paths that differ in ASCII case, in empty segments (a trailing slash), in what follows a `;` in a segment or in
    /// blanks and dots at its end.
    Loose,
}

impl Spelling {
    /// The segments of a path in the form in which they are compared.
    pub fn segments(self, path: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let mut rest = Some(path.strip_prefix('/').unwrap_or(path));
        std::iter::from_fn(move || {
            let (segment, after) = self.next_segment(rest)?;
            rest = after;
            Some(self.key(segment))
        })
    }

    /// The next segment that is compared, and what follows its slash.
    fn next_segment(self, mut rest: Option<&str>) -> Option<(&str, Option<&str>)> {
        loop {
            let text = rest?;
            let (segment, after) = match text.split_once('/') {
                Some((segment, after)) => (segment, Some(after)),
                None => (text, None),
            };
            if !self.ignores(segment) {
                return Some((segment, after));
            }
            rest = after;
        }
    }

    /// Whether a segment makes no difference.
    fn ignores(self, segment: &str) -> bool {
        self == Spelling::Loose && bare(segment).is_empty()
    }

    /// What stands between a prefix and a suffix, which are keys.
    fn between<'p>(self, segment: &'p str, prefix: &str, suffix: &str) -> Option<&'p str> {
        match self {
            Spelling::Exact => segment.strip_prefix(prefix)?.strip_suffix(suffix),
            Spelling::Loose => {
                let segment = bare(segment);
                let (start, rest) = segment.split_at_checked(prefix.len())?;
                let (inner, end) = rest.split_at_checked(rest.len().checked_sub(suffix.len())?)?;
                (start.eq_ignore_ascii_case(prefix) && end.eq_ignore_ascii_case(suffix)).then_some(inner)
            }
        }
    }

    /// The text that literals are compared by.
    fn key(self, segment: &str) -> Cow<'_, str> {
        match self {
            Spelling::Exact => Cow::Borrowed(segment),
            Spelling::Loose => {
                let segment = bare(segment);
                match segment.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    true => Cow::Owned(segment.to_ascii_lowercase()),
                    false => Cow::Borrowed(segment),
                }
            }
        }
    }
}

/// A segment without its matrix parameters (RFC 3986 §3.3), which servlet containers cut off, and without blanks and dots
/// at its end, which file systems of Windows do not keep.
fn bare(segment: &str) -> &str {
    let mut bare = segment.split_once(';').map_or(segment, |(name, _)| name);
    while let Some(shorter) = bare.strip_suffix('.').or_else(|| bare.strip_suffix("%20")) {
        bare = shorter;
    }
    bare
}

/// Finds the most specific template for a path.
#[derive(Debug)]
pub struct Router<T> {
    spelling: Spelling,
    root: Node,
    leaves: Vec<(PathTemplate, T)>,
}

#[derive(Debug, Default)]
struct Node {
    /// By their key, with the spellings that templates have.
    literals: HashMap<Box<str>, (Node, Vec<Box<str>>)>,
    partial: Vec<(Box<str>, Box<str>, Node)>,
    parameter: Option<Box<Node>>,
    rest: Option<usize>,
    leaf: Option<usize>,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Router::new(Spelling::Exact)
    }
}

impl<T> Router<T> {
    /// An empty router.
    pub fn new(spelling: Spelling) -> Self {
        Router { spelling, root: Node::default(), leaves: Vec::new() }
    }

    /// The entry for a template of the same shape (names of parameters do not count), made if it is not there.
    #[allow(clippy::indexing_slicing, reason = "each index was found or made in the line before")]
    pub fn entry(&mut self, template: PathTemplate, make: impl FnOnce() -> T) -> &mut T {
        let mut node = &mut self.root;
        let mut slot_is_rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) if self.spelling.ignores(text) => {}
                Segment::Literal(text) => {
                    let key = self.spelling.key(text).into();
                    let (next, spellings) = node.literals.entry(key).or_default();
                    if !spellings.contains(text) {
                        spellings.push(text.clone());
                    }
                    node = next;
                }
                Segment::Parameter { prefix, suffix, .. } if prefix.is_empty() && suffix.is_empty() => {
                    node = node.parameter.get_or_insert_default();
                }
                Segment::Parameter { prefix, suffix, .. } => {
                    let (prefix, suffix) = (self.spelling.key(prefix), self.spelling.key(suffix));
                    let found = node.partial.iter().position(|(p, s, _)| **p == *prefix && **s == *suffix);
                    let index = found.unwrap_or_else(|| {
                        node.partial.push((prefix.into(), suffix.into(), Node::default()));
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
        self.matches(path, false).into_iter().next()
    }

    /// Every template that a path may be meant for: the most specific one, and less specific ones where a name of that is
    /// spelled otherwise in the path (`/users/{name}` for `/users/ME`, beside `/users/me`).
    pub fn find_all<'p>(&self, path: &'p str) -> Vec<(&PathTemplate, &T, Captures<'_, 'p>)> {
        self.matches(path, true)
    }

    fn matches<'p>(&self, path: &'p str, all: bool) -> Vec<(&PathTemplate, &T, Captures<'_, 'p>)> {
        let Some(rest) = path.strip_prefix('/') else { return Vec::new() };
        let mut search = Search { spelling: self.spelling, all, values: Vec::new(), found: Vec::new() };
        search.descend(&self.root, Some(rest));
        let found = search.found.into_iter().filter_map(|(index, values)| {
            let (template, value) = self.leaves.get(index)?;
            Some((template, value, template.parameters().zip(values).collect()))
        });
        found.collect()
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

/// Depth-first, most specific branch first.
struct Search<'p> {
    spelling: Spelling,
    all: bool,
    values: Vec<&'p str>,
    found: Vec<(usize, Vec<&'p str>)>,
}

impl<'p> Search<'p> {
    /// `rest` is what remains after the last slash taken, `None` at the end. Whether no other branch is to be searched.
    fn descend(&mut self, node: &Node, rest: Option<&'p str>) -> bool {
        let Some((segment, after)) = self.spelling.next_segment(rest) else {
            return self.note(node.leaf.or(node.rest));
        };
        if let Some((next, spellings)) = node.literals.get(&*self.spelling.key(segment)) {
            let is_spelled = !self.all || spellings.iter().any(|spelling| **spelling == *segment);
            if self.descend(next, after) && is_spelled {
                return true;
            }
        }
        for (prefix, suffix, next) in &node.partial {
            let inner = self.spelling.between(segment, prefix, suffix).filter(|inner| !inner.is_empty());
            if let Some(inner) = inner {
                let is_spelled = !self.all || Spelling::Exact.between(segment, prefix, suffix).is_some();
                if self.within(inner, next, after) && is_spelled {
                    return true;
                }
            }
        }
        if let Some(next) = node.parameter.as_deref().filter(|_| !segment.is_empty())
            && self.within(segment, next, after)
        {
            return true;
        }
        self.note(node.rest)
    }

    /// Descends with the value of a parameter.
    fn within(&mut self, value: &'p str, next: &Node, rest: Option<&'p str>) -> bool {
        self.values.push(value);
        let is_done = self.descend(next, rest);
        self.values.pop();
        is_done
    }

    fn note(&mut self, leaf: Option<usize>) -> bool {
        self.found.extend(leaf.map(|leaf| (leaf, self.values.clone())));
        leaf.is_some()
    }
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
        assert_eq!(found("/Users/me"), None);
        assert_eq!(found("/nowhere"), None);
        assert_eq!(found("/files"), Some(("/files/**", vec![])), "`**` covers its base");
    }

    #[test]
    fn a_loose_router_finds_every_spelling_that_a_server_may_accept() {
        let mut r = Router::new(Spelling::Loose);
        for t in ["/Orders/{id}", "/admin/**", "/r/{name}.JSON", "/"] {
            r.entry(PathTemplate::parse(t).unwrap(), || t.to_owned());
        }
        let found =
            |path: &'static str| r.find(path).map(|(_, v, c)| (v.as_str(), c.first().map_or("", |v| v.1)));
        for (path, template, value) in [
            ("/orders/A1", "/Orders/{id}", "A1"),
            ("/ORDERS/A1/", "/Orders/{id}", "A1"),
            ("/orders;v=1/A1", "/Orders/{id}", "A1"),
            ("/orders/;x/A1//", "/Orders/{id}", "A1"),
            ("/orders/A1;x", "/Orders/{id}", "A1;x"),
            ("/admin", "/admin/**", ""),
            ("/Admin/;a", "/admin/**", ""),
            ("/admin;a/x/y", "/admin/**", ""),
            ("/r/Me.json;a", "/r/{name}.JSON", "Me"),
            ("/", "/", ""),
            ("/;a", "/", ""),
            ("/admin./x", "/admin/**", ""),
            ("/admin%20/x", "/admin/**", ""),
            ("/orders.%20./A1%20", "/Orders/{id}", "A1%20"),
            ("/orders/.../A1", "/Orders/{id}", "A1"),
        ] {
            assert_eq!(found(path), Some((template, value)), "{path}");
        }
        let all = |path: &'static str| -> Vec<&str> {
            r.find_all(path).iter().map(|(_, v, _)| v.as_str()).collect()
        };
        assert_eq!(all("/Orders/7"), ["/Orders/{id}"]);
        for t in ["/users/me/keys", "/users/{name}/keys", "/users/{name}.pdf", "/users/**"] {
            r.entry(PathTemplate::parse(t).unwrap(), || t.to_owned());
        }
        for (path, templates) in [
            ("/users/me/keys", &["/users/me/keys"][..]),
            ("/users/me/keys/", &["/users/me/keys"]),
            ("/users/ME/keys/", &["/users/me/keys", "/users/{name}/keys"]),
            ("/users/me./keys", &["/users/me/keys", "/users/{name}/keys"]),
            ("/users/x.pdf", &["/users/{name}.pdf"]),
            ("/users/x.PDF/", &["/users/{name}.pdf", "/users/**"]),
            ("/users/bob/keys", &["/users/{name}/keys"]),
        ] {
            let found: Vec<&str> = r.find_all(path).iter().map(|(_, v, _)| v.as_str()).collect();
            assert_eq!(found, templates, "{path}");
        }
        let found =
            |path: &'static str| r.find(path).map(|(_, v, c)| (v.as_str(), c.first().map_or("", |v| v.1)));
        for path in ["/administrator", "/orders", "/orders/1/2", "/r/.json", "/r/é"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn templates_are_compared_in_one_form() {
        for (written, path) in [
            ("/users/@me", "/users/%40me"),
            ("/orders/{id}:cancel", "/orders/7%3acancel"),
            ("/orders%3Apurge", "/orders:purge"),
            ("/über/{x}", "/%c3%bcber/1"),
            ("/a b", "/a%20b"),
            ("/%7Euser", "/~user"),
        ] {
            let r = router(&[written]);
            assert!(r.find(&canonical_path(path)).is_some(), "{written} {path}");
        }
        assert!(router(&["/a/b"]).find(&canonical_path("/a%2Fb")).is_none());
        assert!(router(&["/a"]).find(&canonical_path("/a%3Bx")).is_none());
    }

    #[test]
    fn broken_templates_are_refused() {
        for t in ["users", "/a/{", "/a/}", "/a/{}", "/{a}{b}", "/**/a"] {
            assert!(PathTemplate::parse(t).is_err(), "{t}");
        }
    }
}
