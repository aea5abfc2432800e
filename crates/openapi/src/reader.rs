//! From a bundled document to a compiled [`Document`].

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use http::Method;
use jsonschema::Registry;
use serde_json::Value;

use crate::bundle::{Bundle, Copies};
use crate::cost::{Costs, Validator};
use crate::diagnostics::{Problem, Source};
use crate::document::{Document, OperationSettings, Spelled};
use crate::fragment;
use crate::normalize::normalize;
use crate::operation::{Body, METHODS, MediaType, Operation, PathItem, Response};
use crate::parameter::{Location, Parameter, Style};
use crate::router::{PathTemplate, Router, Spelling};
use crate::security::Security;
use crate::server::Server;
use crate::settings::settings;
use crate::shape::{Direction, Shapes, escape, resolve};
use crate::text::{Fields, Kind, Scalar};
use crate::xml::XmlKind;

/// What the schemas call their document.
const BASE: &str = "urn:doorward:openapi";

impl Document {
    /// Reads a document, YAML or JSON, with the files that it refers to, when it is known where those are.
    ///
    /// # Errors
    /// A [`Problem`] that names the place (line and column, or the JSON Pointer) and what is wrong there.
    pub fn parse(source: &Source, directory: Option<&Path>) -> Result<Document, Problem> {
        read(source, directory, &[], &Copies::new())
    }

    /// The same, changed by overlays (OpenAPI Overlay 1.0), in order. References to other machines lead to copies.
    ///
    /// # Errors
    /// A [`Problem`] in the document, or in the overlay that is wrong or selects nothing.
    pub fn with_overlays(
        source: &Source,
        directory: Option<&Path>,
        overlays: &[Source],
        copies: &Copies,
    ) -> Result<Document, Problem> {
        read(source, directory, overlays, copies)
    }
}

fn read(
    source: &Source,
    directory: Option<&Path>,
    overlays: &[Source],
    copies: &Copies,
) -> Result<Document, Problem> {
    let bundle = Bundle::read(source, directory, overlays, copies)?;
    let version = bundle.root.get("openapi").and_then(Value::as_str).unwrap_or("");
    if !(version.starts_with("3.0") || version.starts_with("3.1")) {
        return Err(bundle
            .problem("/openapi", format!("`openapi: {version}` is not a version this reads"))
            .with_help("documents of OpenAPI 3.0 and 3.1 are understood; convert Swagger 2.0 first"));
    }
    let mut reader = Reader::new(&bundle)?;
    let mut router: Router<PathItem> = Router::default();
    let Some(Value::Object(paths)) = bundle.root.get("paths") else {
        return Err(bundle.problem("", "the document has no `paths`"));
    };
    for (path, item) in paths {
        reader.path(path, item, &mut router)?;
    }
    let Reader { shapes, costs, shared_costs, settings, servers, .. } = reader;
    let _ = shared_costs.set(costs);
    let spellings = spellings(&router, &bundle.removed, &servers);
    let has_removed = !bundle.removed.is_empty();
    Ok(Document { router, spellings, has_removed, shapes, settings, servers, bundle })
}

/// Every path by its loosest spelling, with the methods that overlays took from it.
fn spellings(
    router: &Router<PathItem>,
    removed: &[(String, Vec<Method>)],
    servers: &[Server],
) -> Router<Vec<Spelled>> {
    let mut spellings: Router<Vec<Spelled>> = Router::new(Spelling::Loose);
    let mut spell = |template: PathTemplate, removed: &[Method]| {
        let entry = spellings.entry(template.clone(), Vec::new);
        match entry.iter_mut().find(|one| one.template.has_shape_of(&template)) {
            Some(known) => known.removed.extend_from_slice(removed),
            None => entry.push(Spelled { template, removed: removed.to_vec() }),
        }
    };
    for (template, _) in router.iter() {
        spell(template.clone(), &[]);
    }
    for (path, methods) in removed {
        for server in servers {
            // One that is no template was never an operation.
            let Ok(template) = PathTemplate::parse(&format!("{}{path}", server.base_path)) else { continue };
            spell(template, methods);
        }
    }
    spellings
}

struct Reader<'b> {
    bundle: &'b Bundle,
    request: Registry<'static>,
    response: Registry<'static>,
    servers: Vec<Server>,
    /// By where they are in the document: many operations share a schema, and compiling it takes a while.
    validators: HashMap<(String, Direction), Arc<Validator>>,
    shapes: Shapes,
    costs: Costs,
    /// Where validators find them when all are known.
    shared_costs: Arc<OnceLock<Costs>>,
    settings: Vec<OperationSettings>,
}

impl<'b> Reader<'b> {
    fn new(bundle: &'b Bundle) -> Result<Self, Problem> {
        let registry = |direction| {
            let mut document = bundle.root.clone();
            normalize(&mut document, direction);
            Registry::new()
                .draft(jsonschema::Draft::Draft202012)
                .add(BASE, document)
                .and_then(|builder| builder.prepare())
                .map_err(|e| bundle.problem("", format!("the document's references do not resolve: {e}")))
        };
        Ok(Reader {
            bundle,
            request: registry(Direction::Request)?,
            response: registry(Direction::Response)?,
            servers: Server::all(&bundle.root),
            validators: HashMap::new(),
            shapes: Shapes::default(),
            costs: Costs::default(),
            shared_costs: Arc::default(),
            settings: Vec::new(),
        })
    }

    fn path(&mut self, path: &str, item: &Value, router: &mut Router<PathItem>) -> Result<(), Problem> {
        let root = &self.bundle.root;
        let item_pointer = match item.get("$ref").and_then(Value::as_str) {
            Some(reference) => reference.trim_start_matches('#').to_owned(),
            None => format!("/paths/{}", escape(path)),
        };
        let item = resolve(root, item);
        for (name, method) in METHODS {
            let Some(operation) = item.get(name) else { continue };
            let pointer = format!("{item_pointer}/{name}");
            let levels = [(root, ""), (item, &*item_pointer), (operation, &*pointer)];
            let settings = settings(&levels).map_err(|(at, what)| self.bundle.problem(&at, what))?;
            for server in self.servers.clone() {
                let full = format!("{}{path}", server.base_path);
                let template = PathTemplate::parse(&full)
                    .map_err(|e| self.bundle.problem(&format!("/paths/{}", escape(path)), e.to_string()))?;
                let at = At { path, base_path: &server.base_path, method: name };
                let compiled = self.operation(at, (item, &item_pointer), (operation, &pointer))?;
                if !settings.is_empty() {
                    self.settings.push(OperationSettings {
                        template: template.clone(),
                        method: method.clone(),
                        settings: settings.clone(),
                    });
                }
                router.entry(template, PathItem::default).push(method.clone(), compiled);
            }
        }
        Ok(())
    }

    fn operation(
        &mut self,
        at: At<'_>,
        item: (&Value, &str),
        (operation, pointer): (&Value, &str),
    ) -> Result<Operation, Problem> {
        let id = operation.get("operationId").and_then(Value::as_str);
        let mut parameters: Vec<Parameter> = Vec::new();
        // An operation's parameter replaces the path item's of the same name and place (OpenAPI 3.1 §4.8.10).
        for (holder, at) in [(operation, pointer), item] {
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
            id: id.map_or_else(|| at.to_string(), str::to_owned).into(),
            path: at.path.into(),
            base_path: at.base_path.into(),
            parameters,
            body,
            responses,
            security: Security::read(&self.bundle.root, operation),
            tags: operation
                .get("tags")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|tag| Some(tag.as_str()?.into()))
                .collect(),
            description: ["summary", "description"]
                .iter()
                .filter_map(|name| operation.get(*name)?.as_str())
                .collect::<Vec<_>>()
                .join("\n")
                .into(),
            deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
        })
    }

    fn parameter(&mut self, pointer: &str) -> Result<Parameter, Problem> {
        let pointer = self.follow(pointer);
        let parameter = self.at(&pointer).clone();
        let text = |key| parameter.get(key).and_then(Value::as_str);
        let wrong = |what: &str| self.bundle.problem(&pointer, what);
        let name = text("name").ok_or_else(|| wrong("a parameter without a name"))?;
        let location = match text("in") {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            Some("header") => Location::Header,
            Some("cookie") => Location::Cookie,
            _ => return Err(wrong("a parameter that is not `in` path, query, header or cookie")),
        };
        let kind = match (parameter.get("schema"), parameter.get("content")) {
            (Some(schema), _) => Kind::of(&self.bundle.root, schema),
            (None, Some(_)) => Kind::Json,
            (None, None) => Kind::Scalar(Scalar::Any),
        };
        let style = match (text("style"), location) {
            (None, Location::Query | Location::Cookie) | (Some("form"), _) => Style::Form,
            (None, Location::Path | Location::Header) | (Some("simple"), _) => Style::Simple,
            (Some("label"), _) => Style::Label,
            (Some("matrix"), _) => Style::Matrix,
            (Some("spaceDelimited"), _) => Style::SpaceDelimited,
            (Some("pipeDelimited"), _) => Style::PipeDelimited,
            (Some("deepObject"), _) => Style::DeepObject,
            (Some(other), _) => return Err(wrong(&format!("`style: {other}` is not a style"))),
        };
        let explode = parameter.get("explode").and_then(Value::as_bool).unwrap_or(style == Style::Form);
        let at = match (parameter.get("schema"), parameter.get("content").and_then(Value::as_object)) {
            (Some(_), _) => Some(format!("{pointer}/schema")),
            (None, Some(content)) => content
                .iter()
                .find(|(_, media)| media.get("schema").is_some())
                .map(|(range, _)| format!("{pointer}/content/{}/schema", escape(range))),
            (None, None) => None,
        };
        Ok(Parameter {
            name: name.into(),
            location,
            required: location == Location::Path || parameter.get("required") == Some(&Value::Bool(true)),
            kind,
            style,
            explode,
            validator: at.as_deref().map(|at| self.validator(at, Direction::Request)).transpose()?,
            schema: at.map(Into::into),
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
                (
                    Some(self.shapes.compile(&self.bundle.root, &schema)),
                    Some(self.validator(&schema, direction)?),
                )
            } else {
                (None, None)
            };
            let fields = media.get("schema").map(|schema| Kind::of(&self.bundle.root, schema));
            let fields = if let Some(Kind::Object(fields)) = fields { fields } else { Fields::default() };
            let parts = media.get("encoding").and_then(Value::as_object).into_iter().flatten();
            let parts = parts.filter_map(|(name, encoding)| {
                let ranges = encoding.get("contentType")?.as_str()?.split(',');
                Some((name.as_str().into(), ranges.map(|range| range.trim().into()).collect()))
            });
            let parts = parts.collect();
            let range = range.split(';').next().unwrap_or(range).trim();
            let xml = media.get("schema").filter(|_| is_xml(range));
            let xml = xml.map(|schema| XmlKind::of(&self.bundle.root, schema));
            let schema = media.get("schema").map(|_| schema.into());
            list.push(MediaType { range: range.into(), schema, shape, validator, fields, xml, parts });
        }
        Ok(list)
    }

    fn validator(&mut self, pointer: &str, direction: Direction) -> Result<Arc<Validator>, Problem> {
        let pointer = &*self.follow_only(pointer);
        if let Some(known) = self.validators.get(&(pointer.to_owned(), direction)) {
            return Ok(Arc::clone(known));
        }
        let registry = match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        };
        let fragment = fragment::encode(pointer);
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(registry)
            .should_validate_formats(true)
            .build(&serde_json::json!({ "$ref": format!("{BASE}#{fragment}") }))
            .map_err(|e| self.bundle.problem(pointer, format!("the schema is not valid: {e}")))?;
        let root = self.costs.compile(&self.bundle.root, pointer);
        let validator = Arc::new(Validator::new(validator, &self.shared_costs, root));
        self.validators.insert((pointer.to_owned(), direction), Arc::clone(&validator));
        Ok(validator)
    }

    /// The pointer of the schema that a pointer's value is, where that is a reference and nothing else.
    fn follow_only(&self, pointer: &str) -> String {
        match self.at(pointer) {
            Value::Object(schema) if schema.len() == 1 && schema.contains_key("$ref") => self.follow(pointer),
            _ => pointer.to_owned(),
        }
    }

    fn at(&self, pointer: &str) -> &Value {
        self.bundle.root.pointer(pointer).unwrap_or(&Value::Null)
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

/// An operation's place in the API.
#[derive(Clone, Copy)]
struct At<'a> {
    path: &'a str,
    base_path: &'a str,
    method: &'a str,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method.to_ascii_uppercase(), self.base_path, self.path)
    }
}

/// Whether a media type is written as XML (RFC 7303).
fn is_xml(range: &str) -> bool {
    range == "application/xml" || range == "text/xml" || range.ends_with("+xml")
}
