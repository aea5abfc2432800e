//! OpenAPI Overlay 1.0: changes to a document that somebody else maintains.

use http::Method;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::diagnostics::{Problem, Source};
use crate::operation::METHODS;
use crate::positions::Positions;
use crate::shape::{escape, resolve};
use crate::value::read_value;

/// What an overlay added: where in the document, and where in the overlay that was written.
pub(crate) type Added = Vec<(String, String)>;

/// What an overlay did to a document.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) added: Added,
    /// Paths with the methods that were taken from them.
    pub(crate) removed: Vec<(String, Vec<Method>)>,
}

/// Applies an overlay to a document, action by action.
pub(crate) fn apply(root: &mut Value, source: &Source) -> Result<Changes, Problem> {
    let overlay = read_value(source)?;
    let positions = Positions::of(source.text());
    let wrong = |at: &str, message: String| source.problem(positions.find(at), message);
    let version = overlay.get("overlay").and_then(Value::as_str).unwrap_or("");
    if !version.starts_with("1.0") {
        let problem = wrong("/overlay", format!("`overlay: {version}` is not a version this reads"));
        return Err(problem.with_help("write `overlay: 1.0.0`"));
    }
    let Some(Value::Array(actions)) = overlay.get("actions") else {
        return Err(wrong("", "the overlay has no `actions`".into()));
    };
    let mut changes = Changes::default();
    for (i, action) in actions.iter().enumerate() {
        let at = format!("/actions/{i}");
        let text = action.get("target").and_then(Value::as_str).unwrap_or("");
        let target = JsonPath::parse(text).map_err(|e| {
            wrong(&format!("{at}/target"), format!("`{text}` is not a JSONPath (RFC 9535): {e}"))
        })?;
        let mut pointers: Vec<String> =
            target.query_located(root).iter().map(|node| node.location().to_json_pointer()).collect();
        if pointers.is_empty() {
            let problem = wrong(&format!("{at}/target"), format!("`{text}` selects nothing"));
            return Err(problem.with_help("an overlay that does nothing was meant for another document"));
        }
        if action.get("remove") == Some(&Value::Bool(true)) {
            // Last first, so that the indices before stay what they are.
            pointers.reverse();
            for pointer in &pointers {
                changes.removed.extend(operations(root, pointer));
                remove(root, pointer);
            }
        } else if let Some(update) = action.get("update") {
            for pointer in pointers {
                let Some(node) = root.pointer_mut(&pointer) else { continue };
                match node {
                    Value::Array(items) => items.push(update.clone()),
                    node => merge(node, update, &pointer, &format!("{at}/update"), &mut changes.added),
                }
            }
        } else {
            return Err(wrong(&at, "an action needs `update` or `remove: true`".into()));
        }
    }
    Ok(changes)
}

/// Overlay 1.0.0 §4.4.3.2: objects merge in depth, lists are joined, everything else is replaced.
fn merge(node: &mut Value, update: &Value, pointer: &str, written: &str, added: &mut Added) {
    match (node, update) {
        (Value::Object(node), Value::Object(update)) => {
            for (name, value) in update {
                let name_at = escape(name);
                let (pointer, written) = (format!("{pointer}/{name_at}"), format!("{written}/{name_at}"));
                match node.get_mut(name) {
                    Some(known) => merge(known, value, &pointer, &written, added),
                    None => {
                        node.insert(name.clone(), value.clone());
                        added.push((pointer, written));
                    }
                }
            }
        }
        (Value::Array(node), Value::Array(update)) => node.extend(update.iter().cloned()),
        (node, update) => {
            *node = update.clone();
            added.push((pointer.to_owned(), written.to_owned()));
        }
    }
}

/// The operations that go with what a pointer leads to: a path with its methods, or one of them.
fn operations(root: &Value, pointer: &str) -> Option<(String, Vec<Method>)> {
    let mut segments = pointer.strip_prefix("/paths/")?.splitn(2, '/');
    let path = segments.next()?.replace("~1", "/").replace("~0", "~");
    let rest = segments.next();
    let item = resolve(root, root.get("paths")?.get(&path)?);
    let methods = METHODS.iter().filter(|(name, _)| match rest {
        Some(rest) => rest == *name,
        None => item.get(name).is_some(),
    });
    let methods: Vec<Method> = methods.map(|(_, method)| method.clone()).collect();
    (!methods.is_empty()).then_some((path, methods))
}

fn remove(root: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    match root.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.remove(&last.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) => {
            if let Some(at) = last.parse::<usize>().ok().filter(|at| *at < items.len()) {
                items.remove(at);
            }
        }
        _ => {}
    }
}
