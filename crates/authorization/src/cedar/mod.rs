//! Policies, compiled for each operation, and their decisions.

mod cedar_type;
mod required_attributes;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use miette::Diagnostic;
use openapi::{Document, Problem, Source};
use serde_json::{Map, Value};

use self::cedar_type::{CedarType, Member, TypeMismatch};
use self::required_attributes::{RequiredAttributes, Requirements};
use self::schema::OperationSchema;
use crate::claim_type::ClaimType;
use crate::request::{AuthorizationDecision, AuthorizationRequest, Needs, Requester};
use crate::visibility::VisibilityOf;

/// Compiled policies: for each operation, the policies whose scope includes it.
pub struct Cedar {
    /// The policies as they are written.
    permits: Vec<String>,
    forbids: Vec<String>,
    actions: HashMap<String, Action>,
    principal: Vec<Member>,
    authorizer: Authorizer,
}

struct Action {
    uid: EntityUid,
    resource: EntityTypeName,
    operation: OperationSchema,
    policies: PolicySet,
    requirements: Requirements,
    /// The action and its groups.
    entities: Entities,
}

impl std::fmt::Debug for Cedar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cedar({} actions)", self.actions.len())
    }
}

impl Cedar {
    /// The schema of a document in Cedar's syntax.
    pub fn schema_of(
        document: &Document,
        claims: &BTreeMap<String, ClaimType>,
        seen: &VisibilityOf<'_>,
    ) -> String {
        schema::text(&operations(document, seen), &schema::principal(claims))
    }

    /// Compiles policies against the schema of a document.
    ///
    /// # Errors
    /// Every problem in the policies, with positions.
    pub fn compile(
        document: &Document,
        claims: &BTreeMap<String, ClaimType>,
        sources: &[Source],
        seen: &VisibilityOf<'_>,
    ) -> Result<Cedar, Vec<Problem>> {
        let operations = operations(document, seen);
        let principal = schema::principal(claims);
        let text = schema::text(&operations, &principal);
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
                            problems.push(source.problem(None, message).with_help("give each its own @id"));
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
        for operation in operations {
            let id = operation.id.clone();
            let action = Action::new(operation, &all, &entities).map_err(internal)?;
            actions.insert(id, action);
        }
        let with =
            |effect| all.iter().filter(move |policy| policy.effect() == effect).map(ToString::to_string);
        let (permits, forbids) = (with(Effect::Permit).collect(), with(Effect::Forbid).collect());
        Ok(Cedar { permits, forbids, actions, principal, authorizer: Authorizer::new() })
    }

    /// The policies that permit, as they are written.
    pub fn permits(&self) -> &[String] {
        &self.permits
    }

    /// The policies that forbid, as they are written.
    pub fn forbids(&self) -> &[String] {
        &self.forbids
    }

    /// What the decision about an operation depends on. An undeclared operation is refused at once.
    pub fn needs(&self, operation: &str) -> Needs {
        let action = self.actions.get(operation);
        let uses = |name, kind: fn(&OperationSchema) -> &Option<CedarType>| {
            action.is_some_and(|a| {
                kind(&a.operation).is_some() && a.requirements.resource.member(name).is_some()
            })
        };
        Needs {
            body: uses("body", |operation| &operation.body),
            object: uses("object", |operation| &operation.object),
        }
    }

    /// Evaluates the policies.
    pub fn decide(&self, operation: &str, request: &AuthorizationRequest<'_>) -> AuthorizationDecision {
        let Some(action) = self.actions.get(operation) else {
            return AuthorizationDecision::Denied("no policy applies to an undeclared operation".into());
        };
        let evaluated = action.entities(request, &self.principal).and_then(|(request, entities)| {
            let response = self.authorizer.is_authorized(&request, &action.policies, &entities);
            let mut errors = response.diagnostics().errors();
            if let Some(error) = errors.next() {
                return Err(error.to_string());
            }
            let reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
            Ok((response.decision(), reasons))
        });
        match evaluated {
            Ok((Decision::Allow, _)) => AuthorizationDecision::Permitted,
            Ok((Decision::Deny, reasons)) if reasons.is_empty() => {
                AuthorizationDecision::Denied(format!("no policy permits {operation}"))
            }
            Ok((Decision::Deny, reasons)) => {
                AuthorizationDecision::Denied(format!("policy {} forbids {operation}", reasons.join(", ")))
            }
            // The policy that failed may have been a `forbid`.
            Err(error) => {
                AuthorizationDecision::Denied(format!("{operation} could not be evaluated: {error}"))
            }
        }
    }
}

fn operations(document: &Document, seen: &VisibilityOf<'_>) -> Vec<OperationSchema> {
    let mut operations: Vec<OperationSchema> = Vec::new();
    for (template, method, operation) in document.operations() {
        // A document with several base paths lists an operation several times.
        if operations.iter().any(|s| *s.id == *operation.id) {
            continue;
        }
        let seen = seen(method, template.as_str());
        let mut operation = OperationSchema::of(document, method, operation, &seen);
        let mut number = 2;
        while operations.iter().any(|s| s.resource == operation.resource) {
            operation.resource = format!("{}{number}", operation.resource.trim_end_matches(char::is_numeric));
            number += 1;
        }
        operations.push(operation);
    }
    operations
}

/// The policies of a file, each with an id that names its origin.
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
            Some(help) => problem.with_help(help.to_string()),
            None => problem,
        }
    };
    let set = PolicySet::from_str(source.text())
        .map_err(|errors| errors.iter().map(|e| problem(e, e.to_string())).collect::<Vec<_>>())?;
    if set.templates().next().is_some() {
        let help = "write a policy for each principal, or one that compares attributes";
        return Err(vec![
            source.problem(None, "policy templates are not supported: nothing links them").with_help(help),
        ]);
    }
    let result = validator.validate(&set, ValidationMode::Strict);
    let problems: Vec<Problem> = result
        .validation_errors()
        .map(|e| {
            // The message names the policy by a number; the position is clearer.
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
    fn new(
        operation: OperationSchema,
        all: &[cedar_policy::Policy],
        entities: &Entities,
    ) -> Result<Action, String> {
        let uid = uid("Action", &operation.id)?;
        let family: HashSet<EntityUid> =
            entities.ancestors(&uid).into_iter().flatten().cloned().chain([uid.clone()]).collect();
        let mut requirements = Requirements::default();
        let mut policies = PolicySet::new();
        for policy in all.iter().filter(|policy| applies_to(policy, &family)) {
            requirements.add(&policy.to_json().map_err(|e| e.to_string())?);
            policies.add(policy.clone()).map_err(|e| e.to_string())?;
        }
        let own = entities.iter().filter(|entity| family.contains(&entity.uid())).cloned();
        let entities = Entities::from_entities(own, None).map_err(|e| e.to_string())?;
        let resource = EntityTypeName::from_str(&operation.resource).map_err(|e| e.to_string())?;
        Ok(Action { uid, resource, operation, policies, requirements, entities })
    }

    fn entities(
        &self,
        request: &AuthorizationRequest<'_>,
        principal: &[Member],
    ) -> Result<(Request, Entities), String> {
        let (operation, required) = (&self.operation, &self.requirements.resource);
        let mut attributes = HashMap::new();
        if required.member("route").is_some() {
            attributes.insert("route".to_owned(), RestrictedExpression::new_string(request.route.to_owned()));
        }
        if let (Some(required), Some(kind), Some(body)) =
            (required.member("body"), &operation.body, request.body)
            && kind.is_disguised(body, required)
        {
            return Err("`resource.body` has a property in another spelling".to_owned());
        }
        let parts = [
            ("path", Some(&operation.path), Some(request.path)),
            ("query", Some(&operation.query), Some(request.query)),
            ("body", operation.body.as_ref(), request.body),
            ("object", operation.object.as_ref(), request.object),
        ];
        for (name, kind, value) in parts {
            if let (Some(required), Some(kind), Some(value)) = (required.member(name), kind, value)
                && let Some(value) = kind
                    .expression(value, required)
                    .map_err(|TypeMismatch| format!("`resource.{name}` is not as declared"))?
            {
                attributes.insert(name.to_owned(), value);
            }
        }
        let resource = EntityUid::from_type_name_and_id(self.resource.clone(), EntityId::new(request.route));
        let requester = user(request.requester, principal, &self.requirements.principal)?;
        let context = context(request, &self.requirements.context)?;
        let request = Request::new(requester.uid(), self.uid.clone(), resource.clone(), context, None)
            .map_err(|e| e.to_string())?;
        let object = Entity::new(resource, attributes, HashSet::new()).map_err(|e| e.to_string())?;
        let entities =
            self.entities.clone().add_entities([requester, object], None).map_err(|e| e.to_string())?;
        Ok((request, entities))
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let name = EntityTypeName::from_str(kind).map_err(|e| e.to_string())?;
    Ok(EntityUid::from_type_name_and_id(name, EntityId::new(id)))
}

/// Whether a policy's scope includes an action, itself or by one of its groups.
fn applies_to(policy: &cedar_policy::Policy, family: &HashSet<EntityUid>) -> bool {
    match policy.action_constraint() {
        cedar_policy::ActionConstraint::Any => true,
        cedar_policy::ActionConstraint::In(list) => list.iter().any(|uid| family.contains(uid)),
        cedar_policy::ActionConstraint::Eq(uid) => family.contains(&uid),
    }
}

fn user(
    requester: Option<Requester<'_>>,
    members: &[Member],
    required: &RequiredAttributes,
) -> Result<Entity, String> {
    let none = Map::new();
    let (subject, scopes, claims) =
        requester.map_or(("", &[][..], &none), |r| (r.subject, r.scopes, r.claims));
    let roles: Vec<String> = match requester.and_then(|a| claims.get(a.role_claim)) {
        Some(Value::String(role)) => vec![role.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let texts = |list: &[String]| {
        RestrictedExpression::new_set(list.iter().cloned().map(RestrictedExpression::new_string))
    };
    let mut attributes = HashMap::new();
    for member in members {
        let Some(required) = required.member(&member.name) else { continue };
        let value = match &*member.name {
            "authenticated" => Some(RestrictedExpression::new_bool(requester.is_some())),
            "sub" => Some(RestrictedExpression::new_string(subject.to_owned())),
            // `02` and `+2` are other subjects than `2`.
            "id" => subject
                .parse()
                .ok()
                .filter(|id: &i64| id.to_string() == subject)
                .map(RestrictedExpression::new_long),
            "scopes" => Some(texts(scopes)),
            "roles" => Some(texts(&roles)),
            name => match claims.get(name) {
                Some(value) => claim(&member.kind, value, required)
                    .map_err(|TypeMismatch| format!("the claim `{name}` is not of its declared type"))?,
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

/// A claim as its declared type; a string of digits is a number where a number is declared.
fn claim(
    kind: &CedarType,
    value: &Value,
    required: &RequiredAttributes,
) -> Result<Option<RestrictedExpression>, TypeMismatch> {
    match (kind, value) {
        (CedarType::Long, Value::String(text)) => {
            text.parse().map(|number| Some(RestrictedExpression::new_long(number))).map_err(|_| TypeMismatch)
        }
        (CedarType::Text, Value::Number(number)) => {
            Ok(Some(RestrictedExpression::new_string(number.to_string())))
        }
        (CedarType::Set(_), Value::String(_) | Value::Number(_)) => {
            kind.expression(&Value::Array(vec![value.clone()]), required)
        }
        _ => kind.expression(value, required),
    }
}

fn context(request: &AuthorizationRequest<'_>, required: &RequiredAttributes) -> Result<Context, String> {
    let mut pairs = Vec::new();
    if required.member("ip").is_some() {
        pairs.push(("ip".to_owned(), RestrictedExpression::new_ip(request.client.to_string())));
    }
    if required.member("now").is_some() {
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_millis(request.unix_millis);
        let text = humantime::format_rfc3339_millis(now).to_string();
        pairs.push(("now".to_owned(), RestrictedExpression::new_datetime(text)));
    }
    if required.member("method").is_some() {
        pairs.push(("method".to_owned(), RestrictedExpression::new_string(request.method.to_string())));
    }
    Context::from_pairs(pairs).map_err(|e| e.to_string())
}
