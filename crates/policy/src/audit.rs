//! An audit of an OpenAPI document: the doors that it leaves open, and the limits that it does not set.

use std::collections::HashSet;

use http::Method;
use serde_json::Value;

use openapi::{Document, Problem, canonical_path, escape, resolve};

use crate::doors::AuthRequirement;
use crate::policy::Policy;
use crate::route::login_path;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A limit that is not set.
    Note,
    /// An attacker may get somewhere.
    Warning,
    /// An attacker gets somewhere.
    Error,
}

impl Severity {
    /// Its name, which is SARIF's level.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    const fn weight(self) -> u32 {
        match self {
            Severity::Note => 1,
            Severity::Warning => 3,
            Severity::Error => 10,
        }
    }
}

/// One finding of an audit.
#[derive(Debug, Clone)]
pub struct AuditFinding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where, what, and how to fix it.
    pub problem: Problem,
}

/// The findings of an audit, and a grade.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// Worst first, then as in the document.
    pub findings: Vec<AuditFinding>,
    /// Points of a hundred: each operation has ten, and loses ten by an error, three by a warning, one by a note.
    pub score: u32,
}

impl Audit {
    /// One audit of several documents: the findings of all, the lowest score.
    pub fn of_all(audits: &[Audit]) -> Audit {
        let mut findings: Vec<AuditFinding> =
            audits.iter().flat_map(|audit| audit.findings.clone()).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Audit { findings, score: audits.iter().map(|audit| audit.score).min().unwrap_or_default() }
    }

    /// `A` from ninety points, `B` from eighty, and so on to `F`.
    pub const fn grade(&self) -> char {
        match self.score {
            90.. => 'A',
            80..90 => 'B',
            70..80 => 'C',
            60..70 => 'D',
            _ => 'F',
        }
    }
}

/// Audits the document of a group of upstreams; what the policy adds (an owner, a credential) counts.
pub fn audit(document: &Document, group: usize, policy: &Policy) -> Audit {
    let mut auditor = Auditor { document, group, policy, findings: Vec::new(), lost: 0, operations: 0 };
    auditor.whole();
    let mut findings = auditor.findings;
    let possible = (auditor.operations * 10).max(10);
    let score = 100 * possible.saturating_sub(auditor.lost) / possible;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Audit { findings, score }
}

/// Names of fields with privileges or owners.
const PRIVILEGES: [&str; 14] = [
    "role",
    "roles",
    "is_admin",
    "isadmin",
    "admin",
    "is_staff",
    "permissions",
    "scopes",
    "owner_id",
    "ownerid",
    "user_id",
    "userid",
    "balance",
    "verified",
];
/// Names of fields that no answer should have.
const SECRETS: [&str; 10] = [
    "password",
    "password_hash",
    "passwd",
    "secret",
    "salt",
    "ssn",
    "mfa_secret",
    "api_key",
    "private_key",
    "pin",
];
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "head", "patch", "trace"];

struct Auditor<'d> {
    document: &'d Document,
    group: usize,
    policy: &'d Policy,
    findings: Vec<AuditFinding>,
    lost: u32,
    operations: u32,
}

/// What a schema is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Request,
    Response,
}

impl<'d> Auditor<'d> {
    fn root(&self) -> &'d Value {
        self.document.root()
    }

    fn report(&mut self, rule: &'static str, severity: Severity, at: &str, message: String, help: &str) {
        let problem = self.document.problem(at, message).with_help(help);
        self.findings.push(AuditFinding { rule, severity, problem });
    }

    fn whole(&mut self) {
        let root = self.root();
        for (i, server) in root.get("servers").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let url = server.get("url").and_then(Value::as_str).unwrap_or("");
            let local =
                ["http://localhost", "http://127.", "http://[::1]"].iter().any(|l| url.starts_with(l));
            if url.starts_with("http://") && !local {
                let at = format!("/servers/{i}/url");
                self.report(
                    "cleartext-server",
                    Severity::Error,
                    &at,
                    format!("`{url}` is not encrypted"),
                    "write https://",
                );
                self.lost += 10;
            }
        }
        let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten() {
            let at = format!("/components/securitySchemes/{}", escape(name));
            let text = |key| scheme.get(key).and_then(Value::as_str);
            if text("type") == Some("apiKey") && text("in") == Some("query") {
                let message = format!("`{name}` is a key in the URL, which logs and histories keep");
                self.report("key-in-query", Severity::Error, &at, message, "put it into a header");
                self.lost += 10;
            }
            if text("type") == Some("http") && text("scheme").is_some_and(|s| s.eq_ignore_ascii_case("basic"))
            {
                let message = format!("`{name}` sends the password with every request");
                self.report("basic-auth", Severity::Warning, &at, message, "use bearer tokens that end");
                self.lost += 3;
            }
        }
        let Some(Value::Object(paths)) = root.get("paths") else { return };
        for (path, item) in paths {
            let at = match item.get("$ref").and_then(Value::as_str) {
                Some(reference) => reference.trim_start_matches('#').to_owned(),
                None => format!("/paths/{}", escape(path)),
            };
            let item = resolve(root, item);
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    self.operations += 1;
                    let before = self.findings.len();
                    self.operation(path, method, &at, item, operation);
                    let weights = self.findings.iter().skip(before).map(|f| f.severity.weight());
                    self.lost += weights.sum::<u32>().min(10);
                }
            }
        }
    }

    fn operation(&mut self, path: &str, name: &str, item_at: &str, item: &'d Value, operation: &'d Value) {
        let at = format!("{item_at}/{name}");
        let method: Method = name.to_ascii_uppercase().parse().unwrap_or(Method::GET);
        let found = self
            .document
            .operations()
            .find(|(template, m, _)| **m == method && template.as_str().ends_with(path));
        let Some((template, _, compiled)) = found else { return };
        let at_path = canonical_path(template.as_str());
        let route = self.policy.route_of(self.group, &method, &at_path);
        let title = format!("{method} {path}");
        let is_login = method == Method::POST && login_path(path, &[]).is_some();
        let secured = compiled.security.is_needed() || route.auth.require == AuthRequirement::Required;
        let writes = ![Method::GET, Method::HEAD].contains(&method);
        if writes && !secured && !is_login {
            let message = format!("{title} changes things for anybody");
            self.report(
                "write-without-auth",
                Severity::Error,
                &at,
                message,
                "add `security`, or `auth = \"required\"`",
            );
        }
        let ownership = &route.ownership;
        let owned = ownership.owner.is_some() || !ownership.bind.is_empty() || !ownership.objects.is_empty();
        let ids = template.parameters().filter(|name| is_id(name));
        if let Some(id) = ids.last().filter(|_| !owned) {
            let message = format!("{title} reads an object by `{id}`, and nothing says whose it is");
            let help = "`x-doorward: { owner: /user_id }`, or `bind: { path.NAME: sub }`";
            self.report("id-without-owner", Severity::Warning, &at, message, help);
        }
        let responses = operation.get("responses").and_then(Value::as_object);
        let declares = |status: &str| {
            responses
                .is_some_and(|r| r.contains_key(status) || r.contains_key("4XX") || r.contains_key("default"))
        };
        if secured && !declares("401") {
            self.report(
                "no-401",
                Severity::Note,
                &at,
                format!("{title} declares no 401"),
                "declare a 401 response",
            );
        }
        if !declares("429") {
            self.report(
                "no-429",
                Severity::Note,
                &at,
                format!("{title} declares no 429"),
                "declare a 429 response",
            );
        }
        for (holder, holder_at) in [(operation, &*at), (item, item_at)] {
            for (i, parameter) in
                holder.get("parameters").and_then(Value::as_array).into_iter().flatten().enumerate()
            {
                self.parameter(&title, parameter, &format!("{holder_at}/parameters/{i}"));
            }
        }
        self.bodies(&title, operation.get("requestBody"), &format!("{at}/requestBody"), Use::Request);
        for (status, response) in
            responses.into_iter().flatten().filter(|(status, _)| status.starts_with('2'))
        {
            let at = format!("{at}/responses/{}", escape(status));
            self.bodies(&title, Some(response), &at, Use::Response);
        }
    }

    fn parameter(&mut self, title: &str, parameter: &'d Value, at: &str) {
        let (parameter, at) = self.follow(parameter, at);
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or("");
        let place = parameter.get("in").and_then(Value::as_str).unwrap_or("");
        if place == "query"
            && (SECRETS.contains(&&*name.to_ascii_lowercase()) || name.to_ascii_lowercase().contains("token"))
        {
            let message = format!("{title}: `{name}` stands in the URL, which logs and histories keep");
            self.report("secret-in-query", Severity::Error, &at, message, "take it in a header or a body");
        }
        if let Some(schema) = parameter.get("schema") {
            self.schema(title, name, schema, &format!("{at}/schema"), Use::Request, &mut HashSet::new());
        }
    }

    fn bodies(&mut self, title: &str, body: Option<&'d Value>, at: &str, usage: Use) {
        let Some(body) = body else { return };
        let (body, at) = self.follow(body, at);
        for (range, media) in body.get("content").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{at}/content/{}", escape(range));
            match media.get("schema") {
                Some(schema) => {
                    self.schema(title, "", schema, &format!("{at}/schema"), usage, &mut HashSet::new());
                }
                None if range.contains("json") => {
                    let (severity, what) = match usage {
                        Use::Request => (Severity::Warning, "takes any JSON"),
                        Use::Response => (Severity::Note, "may answer anything"),
                    };
                    self.report("no-schema", severity, &at, format!("{title} {what}"), "give it a schema");
                }
                None => {}
            }
        }
    }

    fn schema(
        &mut self,
        title: &str,
        name: &str,
        schema: &'d Value,
        at: &str,
        usage: Use,
        seen: &mut HashSet<String>,
    ) {
        let (schema, at) = self.follow(schema, at);
        if !seen.insert(at.clone()) || !schema.is_object() {
            return;
        }
        let has = |key: &str| schema.get(key).is_some();
        let is = |kind: &str| match schema.get("type") {
            Some(Value::String(one)) => one == kind,
            Some(Value::Array(many)) => many.iter().any(|one| one == kind),
            _ => false,
        };
        let shown = if name.is_empty() { String::new() } else { format!("`{name}` ") };
        if usage == Use::Request {
            if is("string") && !["maxLength", "enum", "const", "pattern", "format"].iter().any(|key| has(key))
            {
                let message = format!("{title}: {shown}is a text of any length");
                self.report("unbounded-string", Severity::Note, &at, message, "set `maxLength`");
            }
            if is("array") && !has("maxItems") {
                let message = format!("{title}: {shown}is a list of any length");
                self.report("unbounded-array", Severity::Warning, &at, message, "set `maxItems`");
            }
            if schema.get("additionalProperties") == Some(&Value::Bool(true)) {
                let message = format!("{title}: {shown}takes properties of any name");
                self.report(
                    "open-object",
                    Severity::Warning,
                    &at,
                    message,
                    "declare the properties that there are",
                );
            }
        }
        for (property, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{at}/properties/{}", escape(property));
            let target = resolve(self.root(), inner);
            let flag = |key: &str| [inner, target].iter().any(|s| s.get(key) == Some(&Value::Bool(true)));
            let lower = property.to_ascii_lowercase();
            if usage == Use::Request && PRIVILEGES.contains(&&*lower) && !flag("readOnly") {
                let message = format!("{title}: whoever writes may set `{property}`");
                self.report(
                    "writable-privilege",
                    Severity::Warning,
                    &at,
                    message,
                    "make it `readOnly: true`",
                );
            }
            if usage == Use::Response && SECRETS.contains(&&*lower) && !flag("writeOnly") {
                let message = format!("{title} shows `{property}`");
                self.report("secret-shown", Severity::Error, &at, message, "make it `writeOnly: true`");
            }
            if !(usage == Use::Request && flag("readOnly")) {
                self.schema(title, property, inner, &at, usage, seen);
            }
        }
        if let Some(items) = schema.get("items") {
            self.schema(title, name, items, &format!("{at}/items"), usage, seen);
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for (i, part) in schema.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
                self.schema(title, name, part, &format!("{at}/{key}/{i}"), usage, seen);
            }
        }
    }

    /// The value behind references, and where it was written.
    fn follow(&self, mut value: &'d Value, at: &str) -> (&'d Value, String) {
        let mut at = at.to_owned();
        for _ in 0..32 {
            let target = value.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
            match target.and_then(|pointer| Some((self.root().pointer(pointer)?, pointer))) {
                Some((next, pointer)) => (value, at) = (next, pointer.to_owned()),
                None => break,
            }
        }
        (value, at)
    }
}

/// Whether a name is that of an id: `id`, `user_id`, `orderId`, `uuid`.
fn is_id(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "id"
        || lower == "uuid"
        || lower.ends_with("_id")
        || lower.ends_with("-id")
        || name.ends_with("Id")
}
