//! An OpenAPI document from traffic, for review: operations, types, and who seems to own the objects.
//!
//! The document holds what the traffic showed: it misses what nobody did that day, and contains what an attacker did.
//! So it is written for a person to review, and is never put in force by itself.
//!
//! ```
//! use http::Method;
//! use learn::{Learner, Observation};
//! use serde_json::json;
//!
//! let mut learner = Learner::default();
//! for id in 1..=20 {
//!     learner.observe(Observation {
//!         method: Method::GET,
//!         path: format!("/orders/{id}"),
//!         status: 200,
//!         response: Some(("application/json".into(), Some(json!({ "id": id })))),
//!         ..Observation::default()
//!     });
//! }
//! let (document, _) = learner.document();
//! let paths = document["paths"].as_object().unwrap();
//! assert_eq!(paths.keys().collect::<Vec<_>>(), ["/orders/{orderId}"]);
//! assert_eq!(paths["/orders/{orderId}"]["get"]["parameters"][0]["schema"]["type"], "integer");
//! ```

mod access_log;
mod har;
mod merge;
mod observation;
mod paths;
mod schema;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub use access_log::read_access_log;
pub use har::{HarError, read_har};
pub use observation::{Observation, unverified_claims};

use paths::{Segment, Tree};
use schema::Seen;

/// Exchanges that are kept to learn from; further ones of a busy operation teach little.
const MAX_OBSERVATIONS: usize = 200_000;
/// Exchanges of one method on one template whose bodies are looked at.
const MAX_OF_OPERATION: usize = 2_000;

/// What learnt documents call the token that callers had.
const SCHEME: &str = "token";

/// Learns from exchanges.
#[derive(Debug, Default)]
pub struct Learner {
    observations: Vec<Observation>,
}

impl Learner {
    /// Takes an exchange in. Those that the API did not serve teach nothing.
    pub fn observe(&mut self, observation: Observation) {
        let served = (200..400).contains(&observation.status) || observation.status == 422;
        if served && self.observations.len() < MAX_OBSERVATIONS {
            self.observations.push(observation);
        }
    }

    /// How many exchanges there are to learn from.
    pub fn len(&self) -> usize {
        self.observations.len()
    }

    /// Whether there is nothing to learn from.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
    }

    /// The document, and what was guessed about owners, in words.
    pub fn document(&self) -> (Value, Vec<String>) {
        let tree = Tree::of(self.observations.iter().map(|o| o.path.as_str()));
        let mut operations: BTreeMap<(String, String), Operation> = BTreeMap::new();
        for observation in &self.observations {
            let segments = tree.template(&observation.path);
            let template = paths::text(&segments);
            let key = (template, observation.method.as_str().to_ascii_lowercase());
            operations.entry(key).or_default().observe(observation, &segments);
        }
        let (mut paths, mut guesses) = (Map::new(), Vec::new());
        for ((path, method), operation) in &operations {
            let item = paths.entry(path.clone()).or_insert_with(|| json!({}));
            item[method.as_str()] =
                operation.describe(&format!("{} {path}", method.to_ascii_uppercase()), &mut guesses);
        }
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "Learnt from traffic, to be reviewed", "version": "0" },
            "components": { "securitySchemes": { SCHEME: { "type": "http", "scheme": "bearer" } } },
            "paths": paths,
        });
        (document, guesses)
    }

    /// The document, joined into one that is there: what that says stays, what it lacks is added.
    pub fn merged(&self, existing: &Value) -> (Value, Vec<String>) {
        let (learnt, guesses) = self.document();
        (merge::join(existing, &learnt), guesses)
    }
}

/// What was seen of one operation.
#[derive(Debug, Default)]
struct Operation {
    seen: usize,
    path: BTreeMap<String, Seen>,
    query: BTreeMap<String, (usize, Seen)>,
    requests: BTreeMap<String, Seen>,
    with_body: usize,
    responses: BTreeMap<u16, BTreeMap<String, Seen>>,
    authenticated: usize,
    owners: Owners,
}

impl Operation {
    fn observe(&mut self, observation: &Observation, segments: &[(Segment, &str)]) {
        self.seen += 1;
        if self.seen > MAX_OF_OPERATION {
            return;
        }
        for (segment, text) in segments {
            if let Segment::Parameter(name) = segment {
                self.path.entry(name.clone()).or_default().text(text);
                self.owners.path(name, text, &observation.claims);
            }
        }
        let mut names: Vec<&str> = Vec::new();
        for (name, text) in &observation.query {
            let (count, seen) = self.query.entry(name.clone()).or_default();
            *count += usize::from(!names.contains(&name.as_str()));
            seen.text(text);
            names.push(name);
        }
        self.authenticated += usize::from(!observation.claims.is_empty());
        if let Some((media, value)) = &observation.request {
            self.with_body += 1;
            self.requests.entry(media.clone()).or_default().value(value);
        }
        let by_media = self.responses.entry(observation.status).or_default();
        if let Some((media, value)) = &observation.response {
            let seen = by_media.entry(media.clone()).or_default();
            if let Some(value) = value {
                seen.value(value);
                self.owners.response(value, &observation.claims);
            }
        }
    }

    fn describe(&self, title: &str, guesses: &mut Vec<String>) -> Value {
        let looked = self.seen.min(MAX_OF_OPERATION);
        let mut parameters: Vec<Value> = Vec::new();
        for (name, seen) in &self.path {
            parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": seen.schema() }));
        }
        for (name, (count, seen)) in &self.query {
            let required = *count == looked;
            parameters
                .push(json!({ "name": name, "in": "query", "required": required, "schema": seen.schema() }));
        }
        let content = |by_media: &BTreeMap<String, Seen>| -> Value {
            let media = |(media, seen): (&String, &Seen)| {
                let described = if seen.is_empty() { json!({}) } else { json!({ "schema": seen.schema() }) };
                (media.clone(), described)
            };
            Value::Object(by_media.iter().map(media).collect())
        };
        let response = |(status, by_media): (&u16, &BTreeMap<String, Seen>)| {
            let response = match by_media.is_empty() {
                true => json!({ "description": "seen" }),
                false => json!({ "description": "seen", "content": content(by_media) }),
            };
            (status.to_string(), response)
        };
        let mut operation = Map::new();
        operation.insert("responses".into(), Value::Object(self.responses.iter().map(response).collect()));
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        if !self.requests.is_empty() {
            let body = json!({ "required": self.with_body == looked, "content": content(&self.requests) });
            operation.insert("requestBody".into(), body);
        }
        // Every caller had a token.
        if self.authenticated == looked {
            operation.insert("security".into(), json!([{ SCHEME: [] }]));
        }
        if let Some(policy) = self.owners.policy(title, guesses) {
            operation.insert("x-doorward".into(), policy);
        }
        Value::Object(operation)
    }
}

/// The likely owner of an operation's objects.
#[derive(Debug, Default)]
struct Owners {
    /// By path parameter: how often it was the caller's subject, and how often it was not.
    path: BTreeMap<String, (usize, usize)>,
    /// By field of an object: the same.
    field: BTreeMap<String, (usize, usize)>,
    /// Whether the answer was a list.
    list: Option<&'static str>,
}

/// Fields that name an owner in most APIs; others have to prove it more often.
const OWNER_FIELDS: [&str; 14] = [
    "user_id",
    "userId",
    "user",
    "owner_id",
    "ownerId",
    "owner",
    "author_id",
    "authorId",
    "author",
    "account_id",
    "accountId",
    "customer_id",
    "customerId",
    "created_by",
];

impl Owners {
    fn path(&mut self, name: &str, text: &str, claims: &Map<String, Value>) {
        if let Some(subject) = subject(claims) {
            count(self.path.entry(name.to_owned()).or_default(), text == subject);
        }
    }

    fn response(&mut self, value: &Value, claims: &Map<String, Value>) {
        let Some(subject) = subject(claims) else { return };
        let (objects, list) = match value {
            Value::Array(items) => (items.iter().collect::<Vec<_>>(), Some("")),
            Value::Object(map) => match ["items", "data", "results"]
                .into_iter()
                .find_map(|key| Some((key, map.get(key)?.as_array()?)))
            {
                Some((key, items)) => (items.iter().collect(), Some(key)),
                None => (vec![value], None),
            },
            _ => return,
        };
        self.list = self.list.or(match list {
            Some("items") => Some("/items"),
            Some("data") => Some("/data"),
            Some("results") => Some("/results"),
            Some(_) => Some(""),
            None => None,
        });
        for object in objects.iter().take(50).filter_map(|object| object.as_object()) {
            for (name, value) in object {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => continue,
                };
                count(self.field.entry(name.clone()).or_default(), text == subject);
            }
        }
    }

    /// `x-doorward` as it might be, when it seems so.
    fn policy(&self, title: &str, guesses: &mut Vec<String>) -> Option<Value> {
        let mine = |(own, foreign): &(usize, usize)| *own > 0 && own >= foreign;
        let mut policy = Map::new();
        if let Some((name, (own, foreign))) = self.path.iter().find(|(_, counts)| mine(counts)) {
            policy.insert("bind".into(), json!({ format!("path.{name}"): "sub" }));
            guesses.push(format!("{title}: `{name}` was the caller in {own} of {}", own + foreign));
        }
        let named = |field: &str| OWNER_FIELDS.contains(&field);
        let field = self.field.iter().find(|(name, (own, _))| named(name) && *own > 0).or_else(|| {
            // A field of another name has to be the caller's each time, and more than once.
            self.field.iter().find(|(name, (own, foreign))| *name != "id" && *own > 2 && *foreign == 0)
        });
        if let Some((name, (own, foreign))) = field {
            let pointer = format!("/{name}");
            let owner = match self.list {
                Some(list) if !list.is_empty() => json!({ "field": pointer, "list": list }),
                _ => json!(pointer),
            };
            policy.insert("owner".into(), owner);
            let all = own + foreign;
            let open = if *foreign > 0 { "; today it shows objects of others" } else { "" };
            guesses.push(format!("{title}: `{name}` was the caller in {own} of {all} objects{open}"));
        }
        Some(Value::Object(policy)).filter(|policy| policy.as_object().is_some_and(|p| !p.is_empty()))
    }
}

fn subject(claims: &Map<String, Value>) -> Option<String> {
    match claims.get("sub")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn count((own, foreign): &mut (usize, usize), is_own: bool) {
    *if is_own { own } else { foreign } += 1;
}

#[cfg(test)]
mod tests;
