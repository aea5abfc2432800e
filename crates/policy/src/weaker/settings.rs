//! Settings as they are written. Each one says how its value protects, or that it does not.

use std::collections::BTreeMap;

use serde_json::Value;

use super::words::changed;
use crate::policy::Policy;
use crate::units::{ByteSize, Period};

/// How a setting protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It does not: sockets, the work of the gateway, what is told elsewhere.
    None,
    /// Where it acts: it is compared on each route.
    OnRoutes,
    /// As it holds: who is believed, what the document asks for.
    Compiled,
    /// A limit: a higher value protects less.
    AtMost,
    /// The other way round: a lower value protects less.
    AtLeast,
    /// Its values, those that protect most first; several that protect as well are parted by `|`.
    Order(&'static [&'static str]),
    /// A list of what is kept out or looked at: it must not lose an entry.
    Keeps(&'static str),
    /// A list of what is let in: it must not gain an entry.
    Admits,
    /// The same, where an empty list lets everything in.
    AdmitsAllWhenEmpty,
    /// Nobody can tell which value protects more: every change is named.
    Changes,
}

use Effect::{
    Admits, AdmitsAllWhenEmpty, AtLeast, AtMost, Changes, Compiled, Keeps, None as Nothing, OnRoutes, Order,
};

const OFF_ON: Effect = Order(&["false", "true"]);
const ON_OFF: Effect = Order(&["true", "false"]);

/// Every setting outside of routes. A table without rows of its own here is listed by the name that it has in its table.
pub const EFFECTS: &[(&str, Effect)] = &[
    ("gateway.listen", Nothing),
    ("gateway.upstream", Nothing),
    ("gateway.openapi", Compiled),
    ("gateway.overlay", Keeps("overlay")),
    ("gateway.references", Nothing),
    ("gateway.trusted_proxies", Admits),
    ("gateway.client_address_from", Changes),
    ("gateway.keep_forwarded", Admits),
    ("gateway.proxy_protocol", Changes),
    ("gateway.workers", Nothing),
    ("gateway.upgrades", Admits),
    ("gateway.hosts", AdmitsAllWhenEmpty),
    ("gateway.preserve_host", Nothing),
    ("gateway.rewrite_location", Nothing),
    ("gateway.max_connections", AtMost),
    ("gateway.max_connections_per_client", AtMost),
    ("gateway.max_handshakes_per_client", AtMost),
    ("gateway.share_port", OFF_ON),
    ("gateway.max_held", Compiled),
    ("gateway.max_held_per_client", Compiled),
    ("gateway.min_upload_rate", AtLeast),
    ("gateway.drain", Nothing),
    ("gateway.tls", Compiled),
    ("gateway.tls.certificate", Nothing),
    ("gateway.tls.key", Nothing),
    ("gateway.tls.client_ca", Changes),
    ("gateway.tls.client_crl", Keeps("list")),
    ("gateway.tls.client_certificate", Order(&["required", "optional"])),
    ("gateway.tls.client_subject", Changes),
    ("gateway.timeouts", Nothing),
    ("gateway.timeouts.connect", Nothing),
    ("gateway.timeouts.head", AtMost),
    ("gateway.timeouts.body", AtMost),
    ("gateway.timeouts.write", AtMost),
    ("gateway.timeouts.keep_alive", AtMost),
    ("gateway.timeouts.upstream", Nothing),
    ("gateway.timeouts.idle", AtMost),
    ("gateway.timeouts.total", AtMost),
    ("gateway.timeouts.upstream_idle", Nothing),
    ("gateway.timeouts.upstream_age", Nothing),
    ("gateway.look_up_every", Nothing),
    ("gateway.upstream_protocol", Nothing),
    ("gateway.max_response_head", Nothing),
    ("gateway.max_response_headers", Nothing),
    ("gateway.load_balancing", Nothing),
    ("gateway.load_balancing.method", Nothing),
    ("gateway.load_balancing.header", Nothing),
    ("gateway.load_balancing.cookie", Nothing),
    ("gateway.load_balancing.slow_start", Nothing),
    ("gateway.upstream_tls", Nothing),
    ("gateway.upstream_tls.ca", Nothing),
    ("gateway.upstream_tls.certificate", Nothing),
    ("gateway.upstream_tls.key", Nothing),
    ("gateway.upstream_tls.server_name", Changes),
    ("gateway.upstream_tls.pins", Nothing),
    ("gateway.health.expected_status", Nothing),
    ("gateway.health.timeout", Nothing),
    ("gateway.health.healthy_after", Nothing),
    ("gateway.health.unhealthy_after", Nothing),
    ("gateway.health", Nothing),
    ("gateway.health.path", Nothing),
    ("gateway.health.interval", Nothing),
    ("gateway.health.consecutive_failures", Nothing),
    ("gateway.health.ejection_time", Nothing),
    ("gateway.rewrite_cookie_path", Nothing),
    ("upstream.name", Nothing),
    ("upstream.urls", Nothing),
    ("upstream.protocol", Nothing),
    ("upstream.openapi", Compiled),
    ("upstream.overlay", Keeps("overlay")),
    ("upstream.references", Nothing),
    ("upstream.preserve_host", Nothing),
    ("upstream.tls", Nothing),
    ("upstream.load_balancing", Nothing),
    ("upstream.health", Nothing),
    ("admin.listen", Changes),
    ("admin.enabled", OFF_ON),
    ("admin.socket", Nothing),
    ("log.file", Nothing),
    ("log.access", Order(&["on", "off"])),
    ("log.access_file", Nothing),
    ("log.access_format", Nothing),
    ("log.access_fields", Changes),
    ("protocol.max_head", AtMost),
    ("protocol.max_headers", AtMost),
    ("protocol.max_target", AtMost),
    ("protocol.max_body", OnRoutes),
    ("protocol.max_held_body", AtLeast),
    ("protocol.max_login_body", OnRoutes),
    ("protocol.max_decoded_body", AtMost),
    ("protocol.max_compression_ratio", AtMost),
    ("protocol.max_depth", AtMost),
    ("protocol.max_members", AtMost),
    ("protocol.graphql", Nothing),
    ("protocol.graphql.max_depth", AtMost),
    ("protocol.graphql.max_fields", AtMost),
    ("protocol.graphql.max_same", AtMost),
    ("protocol.graphql.max_batch", AtMost),
    ("protocol.graphql.introspection", Order(&["refuse", "allow"])),
    ("protocol.underscore_headers", Order(&["strip|refuse", "pass"])),
    ("protocol.paths", Order(&["loose", "exact"])),
    ("protocol.proxy_only_headers", Keeps("header")),
    ("network.allow", AdmitsAllWhenEmpty),
    ("network.deny", Keeps("network")),
    ("network.deny_files", Keeps("file")),
    ("network.require_user_agent", ON_OFF),
    ("network.list", Compiled),
    ("network.list.name", Compiled),
    ("network.list.file", Compiled),
    ("network.list.url", Compiled),
    ("network.list.action", Compiled),
    ("network.list.every", Nothing),
    ("network.list.copy", Nothing),
    ("network.countries", Nothing),
    ("network.countries.allow", AdmitsAllWhenEmpty),
    ("network.countries.deny", Keeps("country")),
    ("network.countries.database", Nothing),
    ("network.countries.unknown", Order(&["refuse", "pass"])),
    ("network.asns", Nothing),
    ("network.asns.deny", Keeps("operator")),
    ("network.asns.database", Nothing),
    ("network.bans", Nothing),
    ("network.bans.after", Changes),
    ("network.bans.duration", AtLeast),
    ("network.bans.longest", AtLeast),
    ("network.bans.weights", Changes),
    ("network.bans.file", Nothing),
    ("bots.points", Changes),
    ("bots.report_at", Nothing),
    ("bots.challenge_at", Changes),
    ("bots.refuse_at", Changes),
    ("bots.tag", Nothing),
    ("bots.honeypots", Keeps("path")),
    ("bots.honeypot_ban", AtLeast),
    ("bots.verify_crawlers", ON_OFF),
    ("bots.resolver", Nothing),
    ("bots.challenge", Nothing),
    ("bots.challenge.bits", AtLeast),
    ("bots.challenge.clearance", AtMost),
    ("bots.challenge.wait", Changes),
    ("under_attack.mode", Order(&["auto", "manual"])),
    ("under_attack.refused_percent", AtMost),
    ("under_attack.error_percent", AtMost),
    ("under_attack.latency", AtMost),
    ("under_attack.min_requests", AtMost),
    ("under_attack.calm", AtLeast),
    ("cors.origins", Admits),
    ("cors.methods", Admits),
    ("cors.headers", Admits),
    ("cors.expose", Admits),
    ("cors.credentials", OFF_ON),
    ("cors.max_age", Nothing),
    ("cors.csrf", Order(&["refuse", "pass"])),
    ("rate.limits", OnRoutes),
    ("rate.login", OnRoutes),
    ("rate.login_paths", Keeps("path")),
    ("rate.exempt", Admits),
    ("rate.failed_logins", Nothing),
    ("rate.failed_logins.alike", ON_OFF),
    ("rate.failed_logins.status", Nothing),
    ("rate.failed_logins.body", Nothing),
    ("rate.failed_logins.every", AtLeast),
    ("rate.credential_stuffing", Nothing),
    ("rate.credential_stuffing.accounts", AtMost),
    ("rate.credential_stuffing.global_accounts", AtMost),
    ("rate.credential_stuffing.failures_per_success", AtMost),
    ("rate.credential_stuffing.window", AtLeast),
    ("rate.credential_stuffing.by", Keeps("key")),
    ("rate.credential_stuffing.then", Order(&["throttle", "report", "off"])),
    ("rate.credential_stuffing.blocking", AtLeast),
    ("rate.credential_stuffing.account", Changes),
    ("rate.max_requests", AtMost),
    ("rate.max_requests_per_client", AtMost),
    ("rate.max_keys", AtLeast),
    ("rate.file", Nothing),
    ("rate.hash_secret_file", Nothing),
    ("rate.hash_secret_env", Nothing),
    ("rate.store", Nothing),
    ("rate.store.url", Nothing),
    ("rate.store.url_file", Nothing),
    ("rate.store.url_env", Nothing),
    ("rate.store.timeout", Nothing),
    ("auth.require", OnRoutes),
    ("auth.issued_keys", OFF_ON),
    ("auth.roles", Changes),
    ("auth.groups", Changes),
    ("auth.service", Compiled),
    ("auth.service_path", Nothing),
    ("auth.public_url", Nothing),
    ("auth.accounts", Nothing),
    ("auth.sessions", Nothing),
    ("auth.passwords", Nothing),
    ("auth.lockout", Nothing),
    ("auth.mail", Nothing),
    ("auth.accounts.file", Nothing),
    ("auth.accounts.url", Nothing),
    ("auth.accounts.url_file", Nothing),
    ("auth.accounts.url_env", Nothing),
    ("auth.accounts.master_key_file", Nothing),
    ("auth.accounts.master_key_env", Nothing),
    ("auth.accounts.registration", Order(&["closed", "open"])),
    ("auth.accounts.site", Nothing),
    ("auth.sessions.access_lifetime", AtMost),
    ("auth.sessions.idle", AtMost),
    ("auth.sessions.lifetime", AtMost),
    ("auth.sessions.grace_seconds", AtMost),
    ("auth.sessions.same_site", Order(&["Strict", "Lax"])),
    ("auth.sessions.audience", Nothing),
    ("auth.sessions.rotate_keys", AtMost),
    ("auth.passwords.min_length", AtLeast),
    ("auth.passwords.memory_kib", AtLeast),
    ("auth.passwords.passes", AtLeast),
    ("auth.passwords.at_once", Nothing),
    ("auth.passwords.breached_file", Changes),
    ("auth.passwords.breached_url", Changes),
    ("auth.passwords.breached_timeout", Nothing),
    ("auth.passwords.breached_unanswered", Order(&["refuse", "accept"])),
    ("auth.lockout.failures", AtMost),
    ("auth.lockout.first", AtLeast),
    ("auth.lockout.cap", AtLeast),
    ("auth.mail.url", Nothing),
    ("auth.mail.url_file", Nothing),
    ("auth.mail.url_env", Nothing),
    ("auth.mail.from", Nothing),
    ("auth.provider", Compiled),
    ("auth.provider.name", Compiled),
    ("auth.provider.issuer", Compiled),
    ("auth.provider.client_id", Compiled),
    ("auth.provider.client_secret_file", Nothing),
    ("auth.provider.client_secret_env", Nothing),
    ("auth.provider.client_auth", Nothing),
    ("auth.provider.scopes", Nothing),
    ("auth.provider.label", Nothing),
    ("auth.provider.roles", Compiled),
    ("auth.provider.groups", Compiled),
    ("auth.provider.create", Compiled),
    ("auth.provider.domains", Compiled),
    ("auth.provider.trust_email", Compiled),
    ("auth.provider.mfa_acr", Compiled),
    ("auth.provider.forward", Compiled),
    ("auth.issuer", Compiled),
    ("auth.api_key", Compiled),
    ("auth.api_key_header", Changes),
    ("auth.cookie", Changes),
    ("auth.leeway", AtMost),
    ("auth.forward_subject", Changes),
    ("auth.forward_token", Changes),
    ("auth.forward_token_audience", Nothing),
    ("auth.issuer.issuer", Compiled),
    ("auth.issuer.audience", Compiled),
    ("auth.issuer.typ", Compiled),
    ("auth.issuer.jwks", Compiled),
    ("auth.issuer.refresh", Compiled),
    ("auth.issuer.key", Compiled),
    ("auth.issuer.max_lifetime", Compiled),
    ("auth.issuer.key.kid", Compiled),
    ("auth.issuer.key.algorithm", Compiled),
    ("auth.issuer.key.public_key", Compiled),
    ("auth.issuer.key.secret_file", Compiled),
    ("auth.issuer.key.secret_env", Compiled),
    ("auth.issuer.key.weak", Compiled),
    ("auth.api_key.subject", Compiled),
    ("auth.api_key.sha256", Compiled),
    ("auth.api_key.scopes", Compiled),
    ("auth.api_key.expires", Compiled),
    ("schema.unknown_properties", OnRoutes),
    ("schema.unknown_parameters", OnRoutes),
    ("schema.undeclared", Order(&["refuse", "report"])),
    ("schema.responses", OnRoutes),
    ("schema.unreadable", OnRoutes),
    ("schema.deprecated", Order(&["refuse", "report", "allow"])),
    ("schema.server_errors", Order(&["mask", "allow"])),
    ("injection.exempt", OnRoutes),
    ("injection.prose", OnRoutes),
    ("injection.sanitize", OnRoutes),
    ("injection.detectors", OnRoutes),
    ("injection.max_decode_depth", AtLeast),
    ("waf.crs", Compiled),
    ("waf.detectors", Order(&["on", "off"])),
    ("waf.crs.path", Changes),
    ("waf.crs.before", Changes),
    ("waf.crs.after", Changes),
    ("waf.crs.paranoia", AtLeast),
    ("waf.crs.threshold", AtMost),
    ("waf.crs.profile", Changes),
    ("waf.crs.responses", ON_OFF),
    ("waf.crs.response_threshold", AtMost),
    ("waf.crs.audit_log", Nothing),
    ("ownership.forbidden_status", Order(&["404", "403"])),
    ("ownership.exempt", Admits),
    ("ownership.role_claim", Changes),
    ("ownership.check_cache_ttl", AtMost),
    ("ownership.service_credential", Nothing),
    ("ownership.ledger", Nothing),
    ("ownership.enumeration", Nothing),
    ("ownership.service_credential.header", Nothing),
    ("ownership.service_credential.secret_file", Nothing),
    ("ownership.service_credential.secret_env", Nothing),
    ("ownership.ledger.file", Nothing),
    ("ownership.ledger.url", Nothing),
    ("ownership.ledger.url_file", Nothing),
    ("ownership.ledger.url_env", Nothing),
    ("ownership.ledger.ttl", AtMost),
    ("ownership.ledger.max_ids", Nothing),
    ("ownership.enumeration.ids", AtMost),
    ("ownership.enumeration.window", AtLeast),
    ("ownership.enumeration.then", Order(&["throttle", "report"])),
    ("cedar.policies", Compiled),
    ("cedar.claims", Nothing),
    ("headers.content_security_policy", Changes),
    ("headers.frame_options", Changes),
    ("headers.referrer_policy", Changes),
    ("headers.permissions_policy", Changes),
    ("headers.cross_origin_opener_policy", Changes),
    ("headers.cross_origin_resource_policy", Changes),
    ("headers.html", OnRoutes),
    ("headers.hsts_max_age", AtLeast),
    ("headers.hsts_include_subdomains", ON_OFF),
    ("headers.hsts_preload", Nothing),
    ("headers.remove", Keeps("header")),
    ("headers.set", Changes),
    ("cookies.same_site", Order(&["Strict", "Lax"])),
    ("cookies.script_readable", Admits),
];

/// What stands in place of a value that is not set.
const NOT_SET: &str = "not set";

pub(super) fn weaker(old: &Policy, new: &Policy) -> Vec<String> {
    let values = |policy: &Policy| -> BTreeMap<String, String> {
        policy.settings.iter().map(|row| (row.setting.clone(), row.value.clone())).collect()
    };
    let (before, after) = (values(old), values(new));
    let mut settings: Vec<&String> = before.keys().chain(after.keys()).collect();
    settings.sort();
    settings.dedup();
    let mut found = Vec::new();
    for setting in settings {
        let get = |values: &BTreeMap<String, String>| values.get(setting).cloned();
        // A table that is not there is told of as a whole; an entry of a map by itself.
        let is_entry = !EFFECTS.iter().any(|(known, _)| known == setting);
        let same_table = before.contains_key(setting) && after.contains_key(setting);
        let (was, is) = (get(&before).unwrap_or(NOT_SET.into()), get(&after).unwrap_or(NOT_SET.into()));
        let effect = effect_of(setting);
        if was != is && (same_table || (is_entry && effect == Changes)) {
            let (table, name) = setting.rsplit_once('.').unwrap_or(("", setting));
            found.extend(compare(effect, &was, &is).map(|what| format!("[{table}] {name}: {what}")));
        }
    }
    found
}

/// The effect of a setting by its key path; entries of a list have their number in it.
fn effect_of(setting: &str) -> Effect {
    let path: String =
        setting.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect();
    let known = |path: &str| EFFECTS.iter().find(|(known, _)| *known == path).map(|(_, effect)| *effect);
    // An entry of a map stands under the map's name.
    known(&path).or_else(|| known(path.rsplit_once('.')?.0)).unwrap_or(if path.starts_with("doors") {
        OnRoutes
    } else {
        Changes
    })
}

fn compare(effect: Effect, was: &str, is: &str) -> Option<String> {
    match effect {
        Nothing | OnRoutes | Compiled => None,
        AtMost => (number(is) > number(was)).then(|| changed("it", was, is)),
        AtLeast => (number(is) < number(was)).then(|| changed("it", was, is)),
        Order(order) => {
            let rank = |value: &str| {
                order.iter().position(|level| level.split('|').any(|known| known == text(value)))
            };
            (rank(is) > rank(was)).then(|| changed("it", was, is))
        }
        Keeps(what) => {
            let (was, is) = (list(was), list(is));
            let lost: Vec<&str> = was.iter().filter(|item| !is.contains(item)).map(String::as_str).collect();
            (!lost.is_empty()).then(|| format!("it loses the {what} {}", lost.join(", ")))
        }
        AdmitsAllWhenEmpty if list(was).is_empty() => None,
        AdmitsAllWhenEmpty if list(is).is_empty() => Some("it is empty, which lets all in".into()),
        Admits | AdmitsAllWhenEmpty => {
            let (was, is) = (list(was), list(is));
            let gained: Vec<&str> =
                is.iter().filter(|item| !was.contains(item)).map(String::as_str).collect();
            (!gained.is_empty()).then(|| format!("it gains {}", gained.join(", ")))
        }
        Changes => Some(format!("{}, which may protect less", changed("it", was, is))),
    }
}

/// A number, a size or a period; nothing where it is not set, which is the least.
fn number(value: &str) -> Option<u128> {
    let value = text(value);
    let size = || value.parse::<ByteSize>().ok().map(|size| u128::from(size.0));
    value
        .parse()
        .ok()
        .or_else(size)
        .or_else(|| value.parse::<Period>().ok().map(|period| period.0.as_millis()))
}

fn text(value: &str) -> String {
    serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned())
}

fn list(value: &str) -> Vec<String> {
    let items = serde_json::from_str::<Vec<Value>>(value).unwrap_or_default();
    items.into_iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
}
