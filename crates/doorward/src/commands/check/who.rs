//! Who may do what: a row for each operation, or for each route where no document lists operations, and a column for each
//! role.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use policy::{Assurance, AuthRequirement, BuiltInDoor, Mode, Policy, RoutePolicy, permits};

/// Prints the table, if the policy speaks of roles.
pub(super) fn print(policy: &Policy) {
    let roles = policy.roles();
    if roles.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    let columns = ["nobody known", "any user"].into_iter().chain(roles.iter().map(String::as_str));
    table.set_header(std::iter::once("who may").chain(columns).chain(std::iter::once("and needs")));
    for (name, route, needs_credential) in operations(policy) {
        let nobody = cell(may(policy, route, needs_credential, Caller::Nobody));
        let anybody = cell(may(policy, route, needs_credential, Caller::Role(None)));
        let of_role = |role: &String| cell(may(policy, route, needs_credential, Caller::Role(Some(role))));
        let row = [name, nobody, anybody].into_iter().chain(roles.iter().map(of_role));
        table.add_row(row.chain(std::iter::once(conditions(route))));
    }
    outln!("\n{table}");
    outln!("own: his own objects and fields alone (`bind`, `objects`, `owner`).");
}

/// Operations, or routes, with whether the document asks for a credential.
fn operations(policy: &Policy) -> Vec<(String, &RoutePolicy, bool)> {
    let mut rows = Vec::new();
    for (group, document) in policy.documents() {
        for (path, method, operation) in document.operations() {
            let route = policy.route_of(group, method, &openapi::canonical_path(path.as_str()));
            rows.push((format!("{method} {path}"), &**route, operation.security.is_needed()));
        }
    }
    if rows.is_empty() {
        rows.extend(policy.routes().map(|route| (of_route(route), &**route, false)));
    }
    rows
}

/// A route with the methods that it is for.
fn of_route(route: &RoutePolicy) -> String {
    let methods: Vec<&str> = route.methods.iter().map(http::Method::as_str).collect();
    format!("{} {}", methods.join(","), route.name).trim_start().to_owned()
}

/// Who calls.
#[derive(Clone, Copy)]
enum Caller<'r> {
    /// Nobody that is known.
    Nobody,
    /// Somebody, with this role or with none.
    Role(Option<&'r str>),
}

/// What he may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    Nothing,
    Own,
    All,
}

fn may(policy: &Policy, route: &RoutePolicy, needs_credential: bool, caller: Caller<'_>) -> May {
    let auth = &route.auth;
    let ownership = &route.ownership;
    let is_owned = !ownership.bind.is_empty()
        || ownership.owner.is_some()
        || ownership.check_owner_before_write.is_some()
        || !ownership.objects.is_empty();
    let is_enforced = |door| route.modes.of(door) == Mode::Enforce;
    let (is_known_by, is_compared) =
        (is_enforced(BuiltInDoor::Authentication), is_enforced(BuiltInDoor::Ownership));
    let is_owned = is_owned && is_compared;
    let asks = !auth.roles.is_empty() || !auth.permissions.is_empty() || !auth.scopes.is_empty();
    let is_allowed = !route.deny
        && match caller {
            Caller::Nobody => {
                let is_asked = auth.require == AuthRequirement::Required
                    || needs_credential
                    || asks
                    || !auth.assurance.is_empty()
                    || auth.max_auth_age.is_some();
                let is_stopped = is_owned || (is_asked && is_known_by) || (is_compared && compares(route));
                !is_stopped
            }
            Caller::Role(role) => {
                let held = role.map_or(&[][..], |role| policy.auth.permissions.of_role(role));
                let has = |wanted: &String| permits(held.iter().map(String::as_str), wanted);
                let is_one = |role: &str| auth.roles.iter().any(|wanted| wanted == role);
                !is_compared
                    || (auth.roles.is_empty() || role.is_some_and(is_one)) && auth.permissions.iter().all(has)
            }
        };
    let claim = &policy.ownership.role_claim;
    let is_exempt = |role: &str| {
        policy.ownership.exempt.iter().any(|exempt| exempt.claim == *claim && exempt.value == role)
    };
    match caller {
        _ if !is_allowed => May::Nothing,
        Caller::Role(Some(role)) if is_exempt(role) => May::All,
        _ if is_owned => May::Own,
        _ => May::All,
    }
}

/// Whether a route compares callers with anything.
fn compares(route: &RoutePolicy) -> bool {
    !route.auth.roles.is_empty() || !route.auth.permissions.is_empty()
}

fn cell(may: May) -> String {
    match may {
        May::Nothing => "–",
        May::Own => "own",
        May::All => "yes",
    }
    .to_owned()
}

/// What holds whoever calls.
fn conditions(route: &RoutePolicy) -> String {
    let scopes = route.auth.scopes.iter().map(|scope| format!("scope {scope}"));
    let mfa = route.auth.assurance.contains(&Assurance::Mfa).then(|| "a second factor".to_owned());
    let age = route.auth.max_auth_age.map(|age| format!("a log in of the last {}", policy::Period(age)));
    scopes.chain(mfa).chain(age).collect::<Vec<_>>().join(", ")
}
