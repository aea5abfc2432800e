//! From the text of a document to a compiled [`Document`].

use http::Method;
use jsonschema::{Registry, Validator};
use serde_json::Value;

use super::Document;
use super::normalize::normalize;
use super::operation::{Body, MediaType, Operation, PathItem, Response};
use super::parameter::{Kind, Location, Parameter, Scalar, Separator};
use super::shape::{Direction, Shapes, escape, resolve};
use crate::diagnostics::{Problem, Source};
use crate::router::{PathTemplate, Router};

/// What the schemas call their document.
const BASE: &str = "urn:doorward:openapi";

pub(super) fn read(source: &Source) -> Result<Document, Problem> {
    let root = parse_text(source)?;
    let version = root.get("openapi").and_then(Value::as_str).unwrap_or("");
    if !(version.starts_with("3.0") || version.starts_with("3.1")) {
        return Err(source
            .problem(
                position_of(source, "openapi"),
                format!("`openapi: {version}` is not a version this reads"),
            )
            .mend("documents of OpenAPI 3.0 and 3.1 are understood; convert Swagger 2.0 first"));
    }
    external_reference(source, &root)?;
    let mut reader = Reader::new(source, root)?;
    let mut router: Router<PathItem> = Router::default();
    let Some(Value::Object(paths)) = reader.root.get("paths").cloned() else {
        return Err(source.problem(None, "the document has no `paths`"));
    };
    for (path, item) in &paths {
        reader.path(path, item, &mut router)?;
    }
    Ok(Document { router, shapes: reader.shapes })
}

fn parse_text(source: &Source) -> Result<Value, Problem> {
    if source.text().trim_start().starts_with('{') {
        return serde_json::from_str(source.text()).map_err(|e| {
            let line_start: usize =
                source.text().split_inclusive('\n').take(e.line().saturating_sub(1)).map(str::len).sum();
            let at = (line_start + e.column().saturating_sub(1)).min(source.text().len());
            source.problem(Some(at..at), format!("not JSON: {e}"))
        });
    }
    serde_saphyr::from_str(source.text()).map_err(|e| {
        let message = e.to_string();
        source.problem(None, format!("not YAML: {}", message.lines().next().unwrap_or("")))
    })
}

/// The first place where a key stands, for problems that are about it.
fn position_of(source: &Source, key: &str) -> Option<std::ops::Range<usize>> {
    let at = source.text().find(key)?;
    Some(at..at + key.len())
}

fn external_reference(source: &Source, value: &Value) -> Result<(), Problem> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| external_reference(source, item)),
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref")
                && !target.starts_with('#')
            {
                return Err(source
                    .problem(position_of(source, target), format!("`$ref: {target}` leaves the document"))
                    .mend("bundle the document into one file first, for example with `redocly bundle`"));
            }
            map.values().try_for_each(|item| external_reference(source, item))
        }
        _ => Ok(()),
    }
}

struct Reader<'s> {
    source: &'s Source,
    root: Value,
    request: Registry<'static>,
    response: Registry<'static>,
    base_paths: Vec<String>,
    secured_by_default: bool,
    shapes: Shapes,
}

impl<'s> Reader<'s> {
    fn new(source: &'s Source, root: Value) -> Result<Self, Problem> {
        let registry = |direction| {
            let mut document = root.clone();
            normalize(&mut document, direction);
            Registry::new()
                .draft(jsonschema::Draft::Draft202012)
                .add(BASE, document)
                .and_then(|builder| builder.prepare())
                .map_err(|e| source.problem(None, format!("the document's references do not resolve: {e}")))
        };
        Ok(Reader {
            source,
            request: registry(Direction::Request)?,
            response: registry(Direction::Response)?,
            base_paths: base_paths(&root),
            secured_by_default: requires_credential(root.get("security")),
            root,
            shapes: Shapes::default(),
        })
    }

    fn path(&mut self, path: &str, item: &Value, router: &mut Router<PathItem>) -> Result<(), Problem> {
        let root = self.root.clone();
        let item_pointer = match item.get("$ref").and_then(Value::as_str) {
            Some(reference) => reference.trim_start_matches('#').to_owned(),
            None => format!("/paths/{}", escape(path)),
        };
        let item = resolve(&root, item);
        for (name, method) in METHODS {
            let Some(operation) = item.get(name) else { continue };
            let pointer = format!("{item_pointer}/{name}");
            for base in self.base_paths.clone() {
                let full = format!("{base}{path}");
                let template = PathTemplate::parse(&full)
                    .map_err(|e| self.source.problem(position_of(self.source, path), e.to_string()))?;
                let compiled = self.operation(&full, name, &item_pointer, item, &pointer, operation)?;
                router.entry(template, PathItem::default).push(method.clone(), compiled);
            }
        }
        Ok(())
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        item_pointer: &str,
        item: &Value,
        pointer: &str,
        operation: &Value,
    ) -> Result<Operation, Problem> {
        let id = operation.get("operationId").and_then(Value::as_str);
        let mut parameters: Vec<Parameter> = Vec::new();
        // An operation's parameter replaces the path item's of the same name and place (OpenAPI 3.1 §4.8.10).
        for (holder, at) in [(operation, pointer), (item, item_pointer)] {
            let Some(Value::Array(list)) = holder.get("parameters") else { continue };
            for i in 0..list.len() {
                let parameter = self.parameter(&format!("{at}/parameters/{i}"))?;
                if !parameters.iter().any(|p| p.name == parameter.name && p.location == parameter.location) {
                    parameters.push(parameter);
                }
            }
        }
        let body = match operation.get("requestBody") {
            Some(_) => {
                let pointer = self.follow(&format!("{pointer}/requestBody"));
                let required = self.at(&pointer).get("required") == Some(&Value::Bool(true));
                Some(Body { required, content: self.content(&pointer, Direction::Request)? })
            }
            None => None,
        };
        let mut responses = Vec::new();
        if let Some(Value::Object(list)) = operation.get("responses") {
            for status in list.keys() {
                let pointer = self.follow(&format!("{pointer}/responses/{}", escape(status)));
                let content = self.content(&pointer, Direction::Response)?;
                responses.push(Response { status: status.as_str().into(), content });
            }
        }
        Ok(Operation {
            id: id.map_or_else(|| format!("{} {path}", method.to_ascii_uppercase()), str::to_owned).into(),
            parameters,
            body,
            responses,
            secured: match operation.get("security") {
                None => self.secured_by_default,
                own => requires_credential(own),
            },
        })
    }

    fn parameter(&mut self, pointer: &str) -> Result<Parameter, Problem> {
        let pointer = self.follow(pointer);
        let parameter = self.at(&pointer).clone();
        let text = |key| parameter.get(key).and_then(Value::as_str);
        let wrong = |what: &str| self.source.problem(None, format!("{what} at {pointer}"));
        let name = text("name").ok_or_else(|| wrong("a parameter without a name"))?;
        let location = match text("in") {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            Some("header") => Location::Header,
            Some("cookie") => Location::Cookie,
            _ => return Err(wrong("a parameter that is not `in` path, query, header or cookie")),
        };
        let schema = parameter.get("schema").map(|schema| resolve(&self.root, schema));
        let kind = match schema {
            None => Kind::Json,
            Some(schema) => match kind_of(schema) {
                Some("array") => {
                    Kind::Array(scalar_of(resolve(&self.root, schema.get("items").unwrap_or(&Value::Null))))
                }
                Some("object") => Kind::Object,
                _ => Kind::Scalar(scalar_of(schema)),
            },
        };
        let style = text("style").unwrap_or(match location {
            Location::Query | Location::Cookie => "form",
            Location::Path | Location::Header => "simple",
        });
        let explode = parameter.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        let separator = match style {
            "spaceDelimited" => Separator::Char(' '),
            "pipeDelimited" => Separator::Char('|'),
            _ if explode && location == Location::Query => Separator::Repeated,
            _ => Separator::Char(','),
        };
        let validator = match (kind, schema.is_some()) {
            (Kind::Object, _) => None,
            (_, true) => Some(self.validator(&format!("{pointer}/schema"), Direction::Request)?),
            (_, false) => None,
        };
        Ok(Parameter {
            name: name.into(),
            location,
            required: location == Location::Path || parameter.get("required") == Some(&Value::Bool(true)),
            kind,
            separator,
            validator,
        })
    }

    fn content(&mut self, pointer: &str, direction: Direction) -> Result<Vec<MediaType>, Problem> {
        let Some(Value::Object(content)) = self.at(pointer).get("content").cloned() else {
            return Ok(Vec::new());
        };
        let mut list = Vec::new();
        for (range, media) in &content {
            let schema = format!("{pointer}/content/{}/schema", escape(range));
            let (shape, validator) = if media.get("schema").is_some() {
                (Some(self.shapes.compile(&self.root, &schema)), Some(self.validator(&schema, direction)?))
            } else {
                (None, None)
            };
            let range = range.split(';').next().unwrap_or(range).trim();
            list.push(MediaType { range: range.into(), shape, validator });
        }
        Ok(list)
    }

    fn validator(&self, pointer: &str, direction: Direction) -> Result<Validator, Problem> {
        let registry = match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        };
        let fragment =
            pointer.replace('%', "%25").replace('{', "%7B").replace('}', "%7D").replace(' ', "%20");
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(registry)
            .should_validate_formats(true)
            .build(&serde_json::json!({ "$ref": format!("{BASE}#{fragment}") }))
            .map_err(|e| {
                self.source.problem(
                    position_of(self.source, pointer.rsplit('/').nth(1).unwrap_or("")),
                    format!("the schema at {pointer} is not valid: {e}"),
                )
            })
    }

    fn at(&self, pointer: &str) -> &Value {
        self.root.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The pointer of what a pointer's value refers to, references followed.
    fn follow(&self, pointer: &str) -> String {
        let mut pointer = pointer.to_owned();
        for _ in 0..32 {
            match self.at(&pointer).get("$ref").and_then(Value::as_str) {
                Some(target) => pointer = target.trim_start_matches('#').to_owned(),
                None => break,
            }
        }
        pointer
    }
}

const METHODS: [(&str, Method); 8] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];

fn kind_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

fn scalar_of(schema: &Value) -> Scalar {
    match kind_of(schema) {
        Some("integer") => Scalar::Integer,
        Some("number") => Scalar::Number,
        Some("boolean") => Scalar::Boolean,
        _ => Scalar::Text,
    }
}

/// Whether a `security` list needs a credential: it has entries, and none of them is empty (anonymous).
fn requires_credential(security: Option<&Value>) -> bool {
    match security {
        Some(Value::Array(list)) => {
            !list.is_empty() && list.iter().all(|entry| entry.as_object().is_some_and(|e| !e.is_empty()))
        }
        _ => false,
    }
}

/// The paths of `servers`, without a trailing slash; the root when there are none.
fn base_paths(root: &Value) -> Vec<String> {
    let mut bases: Vec<String> = Vec::new();
    if let Some(Value::Array(servers)) = root.get("servers") {
        for url in servers.iter().filter_map(|s| s.get("url")).filter_map(Value::as_str) {
            let path = match url.split_once("://") {
                Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
                None => url,
            };
            let path = path.trim_end_matches('/').to_owned();
            if !bases.contains(&path) {
                bases.push(path);
            }
        }
    }
    if bases.is_empty() { vec![String::new()] } else { bases }
}
