//! Cedar policies: who may do what with which object, beyond one owner.
//!
//! The schema is made from the OpenAPI document: a policy that names an operation, a parameter or a property that does
//! not exist is an error at start, with file and line. The principal is the caller, the action is the operation, the
//! resource is the request: its path, query and body, and the object that it reads or changes. A request that no
//! policy permits is refused; so is a request for which a policy fails, whatever the effect of that policy.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use authorization::{Asker, Cedar, CedarVerdict, ObjectFrom, Question, Seen};
//! use http::Method;
//! use openapi::{Document, Source};
//! use serde_json::{Map, json};
//!
//! let api = "
//! openapi: 3.1.0
//! info: { title: shop, version: '1' }
//! paths:
//!   /orders/{id}:
//!     get:
//!       operationId: getOrder
//!       parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
//!       responses: { '200': { description: one order } }
//! ";
//! let document = Document::parse(&Source::new("api.yaml", api), None)?;
//! let policies = r#"permit (principal in Role::"staff", action == Action::"getOrder", resource);"#;
//! let cedar = Cedar::compile(
//!     &document,
//!     &BTreeMap::new(),
//!     &[Source::new("shop.cedar", policies)],
//!     &|_, _| Seen { body: true, object: ObjectFrom::Nowhere },
//! )
//! .map_err(|problems| problems[0].clone())?;
//!
//! let decide = |role: &str| {
//!     let claims = Map::from_iter([("role".to_owned(), json!(role))]);
//!     cedar.decide(
//!         "getOrder",
//!         &Question {
//!             asker: Some(Asker { subject: "7", scopes: &[], claims: &claims, role_claim: "role" }),
//!             client: "192.0.2.1".parse().unwrap(),
//!             unix_millis: 0,
//!             method: &Method::GET,
//!             route: "/orders/{id}",
//!             path: &json!({ "id": 1 }),
//!             query: &json!({}),
//!             body: None,
//!             object: None,
//!         },
//!     )
//! };
//! assert_eq!(decide("staff"), CedarVerdict::Permitted);
//! assert_eq!(decide("guest"), CedarVerdict::Denied("no policy permits getOrder".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod claim_type;
mod kind;
mod schema;
mod wanted;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use http::Method;
use miette::Diagnostic;
use openapi::{Document, Problem, Source};
use serde_json::{Map, Value};

pub use claim_type::ClaimType;
pub use schema::{ObjectFrom, Seen};

use kind::{Kind, Member, Unfit};
use schema::Subject;
use wanted::{Looks, Wanted};

/// Compiled policies: for each operation, those that can speak of it.
pub struct Cedar {
    actions: HashMap<String, Action>,
    principal: Vec<Member>,
    authorizer: Authorizer,
}

/// Tells what is seen of requests with a method on a path template.
pub type SeenBy<'d> = dyn Fn(&Method, &str) -> Seen<'d> + 'd;

struct Action {
    uid: EntityUid,
    resource: EntityTypeName,
    subject: Subject,
    policies: PolicySet,
    looks: Looks,
    /// The action and its groups.
    entities: Entities,
}

/// What one question is about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Who asks; nobody is a principal that is not authenticated.
    pub asker: Option<Asker<'q>>,
    /// The client's address.
    pub client: IpAddr,
    /// Milliseconds since 1970.
    pub unix_millis: u64,
    /// The method.
    pub method: &'q Method,
    /// The path template.
    pub route: &'q str,
    /// Path parameters, typed.
    pub path: &'q Value,
    /// Query parameters, typed.
    pub query: &'q Value,
    /// The request's body, when it is JSON.
    pub body: Option<&'q Value>,
    /// The object, when it has been read.
    pub object: Option<&'q Value>,
}

/// Whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'q> {
    /// `sub`.
    pub subject: &'q str,
    /// Scopes.
    pub scopes: &'q [String],
    /// All claims.
    pub claims: &'q Map<String, Value>,
    /// The claim that names roles.
    pub role_claim: &'q str,
}

/// What the policies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CedarVerdict {
    /// A policy permits, and none forbids.
    Permitted,
    /// Why not: which policy forbids or failed, or that none permits.
    Denied(String),
}

/// What a decision about an operation depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The request's body.
    pub body: bool,
    /// The object that is read or changed.
    pub object: bool,
}

impl std::fmt::Debug for Cedar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cedar({} actions)", self.actions.len())
    }
}

impl Cedar {
    /// The schema of a document, in Cedar's words, without policies.
    pub fn schema_of(document: &Document, claims: &BTreeMap<String, ClaimType>, seen: &SeenBy<'_>) -> String {
        schema::text(&subjects(document, seen), &schema::principal(claims))
    }

    /// Compiles policies against the schema of a document.
    ///
    /// # Errors
    /// What is wrong in them, with places.
    pub fn compile(
        document: &Document,
        claims: &BTreeMap<String, ClaimType>,
        sources: &[Source],
        seen: &SeenBy<'_>,
    ) -> Result<Cedar, Vec<Problem>> {
        let subjects = subjects(document, seen);
        let principal = schema::principal(claims);
        let text = schema::text(&subjects, &principal);
        let internal =
            |what: String| vec![Source::new("generated Cedar schema", text.as_str()).problem(None, what)];
        let (schema, _) = Schema::from_cedarschema_str(&text).map_err(|e| internal(e.to_string()))?;
        let entities = schema.action_entities().map_err(|e| internal(e.to_string()))?;
        let validator = Validator::new(schema);
        let mut problems = Vec::new();
        let mut all: Vec<cedar_policy::Policy> = Vec::new();
        for (number, source) in sources.iter().enumerate() {
            match read(source, number, &validator) {
                Ok(policies) => {
                    for policy in policies {
                        if all.iter().any(|known| known.id() == policy.id()) {
                            let message = format!("a second policy with the @id {}", policy.id());
                            problems.push(source.problem(None, message).mend("give each its own @id"));
                        } else {
                            all.push(policy);
                        }
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut actions = HashMap::new();
        for subject in subjects {
            let id = subject.id.clone();
            let action = Action::new(subject, &all, &entities).map_err(internal)?;
            actions.insert(id, action);
        }
        Ok(Cedar { actions, principal, authorizer: Authorizer::new() })
    }

    /// What the decision about an operation depends on. An operation that is not declared is refused at once.
    pub fn needs(&self, operation: &str) -> Needs {
        let action = self.actions.get(operation);
        let looks = |name, kind: fn(&Subject) -> &Option<Kind>| {
            action.is_some_and(|a| kind(&a.subject).is_some() && a.looks.resource.member(name).is_some())
        };
        Needs {
            body: looks("body", |subject| &subject.body),
            object: looks("object", |subject| &subject.object),
        }
    }

    /// Asks the policies.
    pub fn decide(&self, operation: &str, question: &Question<'_>) -> CedarVerdict {
        let Some(action) = self.actions.get(operation) else {
            return CedarVerdict::Denied("no policy can speak of an operation that is not declared".into());
        };
        let asked = action.entities(question, &self.principal).and_then(|(request, entities)| {
            let response = self.authorizer.is_authorized(&request, &action.policies, &entities);
            let mut errors = response.diagnostics().errors();
            if let Some(error) = errors.next() {
                return Err(error.to_string());
            }
            let reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
            Ok((response.decision(), reasons))
        });
        match asked {
            Ok((Decision::Allow, _)) => CedarVerdict::Permitted,
            Ok((Decision::Deny, reasons)) if reasons.is_empty() => {
                CedarVerdict::Denied(format!("no policy permits {operation}"))
            }
            Ok((Decision::Deny, reasons)) => {
                CedarVerdict::Denied(format!("policy {} forbids {operation}", reasons.join(", ")))
            }
            // What a policy would have said cannot be known: it may have been a `forbid`.
            Err(error) => CedarVerdict::Denied(format!("{operation} could not be judged: {error}")),
        }
    }
}

fn subjects(document: &Document, seen: &SeenBy<'_>) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for (template, method, operation) in document.operations() {
        // With several base paths an operation is there several times.
        if subjects.iter().any(|s| *s.id == *operation.id) {
            continue;
        }
        let seen = seen(method, template.as_str());
        let mut subject = Subject::of(document, method, operation, &seen);
        let mut number = 2;
        while subjects.iter().any(|s| s.resource == subject.resource) {
            subject.resource = format!("{}{number}", subject.resource.trim_end_matches(char::is_numeric));
            number += 1;
        }
        subjects.push(subject);
    }
    subjects
}

/// The policies of a file, each with an id that says where it is from.
fn read(
    source: &Source,
    number: usize,
    validator: &Validator,
) -> Result<Vec<cedar_policy::Policy>, Vec<Problem>> {
    let problem = |error: &dyn Diagnostic, message: String| {
        let labels = error.labels().into_iter().flatten();
        let span = labels.map(|label| label.offset()..label.offset() + label.len().max(1)).next();
        let problem = source.problem(span, message);
        match error.help() {
            Some(help) => problem.mend(help.to_string()),
            None => problem,
        }
    };
    let set = PolicySet::from_str(source.text())
        .map_err(|errors| errors.iter().map(|e| problem(e, e.to_string())).collect::<Vec<_>>())?;
    if set.templates().next().is_some() {
        let mend = "write a policy for each principal, or one that compares attributes";
        return Err(vec![
            source.problem(None, "a template needs links, which nothing here makes").mend(mend),
        ]);
    }
    let result = validator.validate(&set, ValidationMode::Strict);
    let problems: Vec<Problem> = result
        .validation_errors()
        .map(|e| {
            // Its own words name the policy by a number; the place says it better.
            let message = e.to_string();
            let message = message.split_once(", ").map_or(&*message, |(_, rest)| rest).to_owned();
            problem(e, message)
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let named = |policy: &cedar_policy::Policy| {
        let id = policy.annotation("id").map_or_else(|| format!("{number}.{}", policy.id()), str::to_owned);
        policy.new_id(PolicyId::new(id))
    };
    Ok(set.policies().map(named).collect())
}

impl Action {
    fn new(subject: Subject, all: &[cedar_policy::Policy], entities: &Entities) -> Result<Action, String> {
        let uid = uid("Action", &subject.id)?;
        let family: HashSet<EntityUid> =
            entities.ancestors(&uid).into_iter().flatten().cloned().chain([uid.clone()]).collect();
        let mut looks = Looks::default();
        let mut policies = PolicySet::new();
        for policy in all.iter().filter(|policy| speaks_of(policy, &family)) {
            looks.add(&policy.to_json().map_err(|e| e.to_string())?);
            policies.add(policy.clone()).map_err(|e| e.to_string())?;
        }
        let own = entities.iter().filter(|entity| family.contains(&entity.uid())).cloned();
        let entities = Entities::from_entities(own, None).map_err(|e| e.to_string())?;
        let resource = EntityTypeName::from_str(&subject.resource).map_err(|e| e.to_string())?;
        Ok(Action { uid, resource, subject, policies, looks, entities })
    }

    fn entities(&self, question: &Question<'_>, principal: &[Member]) -> Result<(Request, Entities), String> {
        let (subject, wanted) = (&self.subject, &self.looks.resource);
        let mut attributes = HashMap::new();
        if wanted.member("route").is_some() {
            attributes
                .insert("route".to_owned(), RestrictedExpression::new_string(question.route.to_owned()));
        }
        let parts = [
            ("path", Some(&subject.path), Some(question.path)),
            ("query", Some(&subject.query), Some(question.query)),
            ("body", subject.body.as_ref(), question.body),
            ("object", subject.object.as_ref(), question.object),
        ];
        for (name, kind, value) in parts {
            if let (Some(wanted), Some(kind), Some(value)) = (wanted.member(name), kind, value)
                && let Some(value) = kind
                    .expression(value, wanted)
                    .map_err(|Unfit| format!("`resource.{name}` is not as declared"))?
            {
                attributes.insert(name.to_owned(), value);
            }
        }
        let resource = EntityUid::from_type_name_and_id(self.resource.clone(), EntityId::new(question.route));
        let asker = user(question.asker, principal, &self.looks.principal)?;
        let context = context(question, &self.looks.context)?;
        let request = Request::new(asker.uid(), self.uid.clone(), resource.clone(), context, None)
            .map_err(|e| e.to_string())?;
        let object = Entity::new(resource, attributes, HashSet::new()).map_err(|e| e.to_string())?;
        let entities =
            self.entities.clone().add_entities([asker, object], None).map_err(|e| e.to_string())?;
        Ok((request, entities))
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let name = EntityTypeName::from_str(kind).map_err(|e| e.to_string())?;
    Ok(EntityUid::from_type_name_and_id(name, EntityId::new(id)))
}

/// Whether a policy's scope lets it speak of an action, itself or by one of its groups.
fn speaks_of(policy: &cedar_policy::Policy, family: &HashSet<EntityUid>) -> bool {
    match policy.action_constraint() {
        cedar_policy::ActionConstraint::Any => true,
        cedar_policy::ActionConstraint::In(list) => list.iter().any(|uid| family.contains(uid)),
        cedar_policy::ActionConstraint::Eq(uid) => family.contains(&uid),
    }
}

fn user(asker: Option<Asker<'_>>, members: &[Member], wanted: &Wanted) -> Result<Entity, String> {
    let none = Map::new();
    let (subject, scopes, claims) = asker.map_or(("", &[][..], &none), |a| (a.subject, a.scopes, a.claims));
    let roles: Vec<String> = match asker.and_then(|a| claims.get(a.role_claim)) {
        Some(Value::String(role)) => vec![role.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let texts = |list: &[String]| {
        RestrictedExpression::new_set(list.iter().cloned().map(RestrictedExpression::new_string))
    };
    let mut attributes = HashMap::new();
    for member in members {
        let Some(wanted) = wanted.member(&member.name) else { continue };
        let value = match &*member.name {
            "authenticated" => Some(RestrictedExpression::new_bool(asker.is_some())),
            "sub" => Some(RestrictedExpression::new_string(subject.to_owned())),
            "id" => subject.parse().ok().map(RestrictedExpression::new_long),
            "scopes" => Some(texts(scopes)),
            "roles" => Some(texts(&roles)),
            name => match claims.get(name) {
                Some(value) => claim(&member.kind, value, wanted)
                    .map_err(|Unfit| format!("the claim `{name}` is not of its declared type"))?,
                None => None,
            },
        };
        if let Some(value) = value {
            attributes.insert(member.name.clone(), value);
        }
    }
    let parents: Result<HashSet<_>, _> = roles.iter().map(|role| uid("Role", role)).collect();
    Entity::new(uid("User", subject)?, attributes, parents?).map_err(|e| e.to_string())
}

/// A claim as its declared type; a number in a text is a number.
fn claim(kind: &Kind, value: &Value, wanted: &Wanted) -> Result<Option<RestrictedExpression>, Unfit> {
    match (kind, value) {
        (Kind::Long, Value::String(text)) => {
            text.parse().map(|number| Some(RestrictedExpression::new_long(number))).map_err(|_| Unfit)
        }
        (Kind::Text, Value::Number(number)) => Ok(Some(RestrictedExpression::new_string(number.to_string()))),
        (Kind::Set(_), Value::String(_) | Value::Number(_)) => {
            kind.expression(&Value::Array(vec![value.clone()]), wanted)
        }
        _ => kind.expression(value, wanted),
    }
}

fn context(question: &Question<'_>, wanted: &Wanted) -> Result<Context, String> {
    let mut pairs = Vec::new();
    if wanted.member("ip").is_some() {
        pairs.push(("ip".to_owned(), RestrictedExpression::new_ip(question.client.to_string())));
    }
    if wanted.member("now").is_some() {
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_millis(question.unix_millis);
        let text = humantime::format_rfc3339_millis(now).to_string();
        pairs.push(("now".to_owned(), RestrictedExpression::new_datetime(text)));
    }
    if wanted.member("method").is_some() {
        pairs.push(("method".to_owned(), RestrictedExpression::new_string(question.method.to_string())));
    }
    Context::from_pairs(pairs).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
