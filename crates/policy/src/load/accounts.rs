//! The built-in user service: what its tables say, and the routes that lead to it.

use std::path::Path;

use super::providers::providers;
use crate::doors::{
    ACCESS_COOKIE, ACCOUNTS_GROUP, AuthConfig, MailConfig, MasterKey, PasswordsConfig, UserService,
    has_passkeys,
};
use crate::gateway::UpstreamConfig;
use crate::reader::Reader;
use crate::route::RouteConfig;
use crate::store_place::{NamedPlace, SecretUrl, StorePlace, secret_url};

/// Adds the service to the upstreams and routes of a policy.
pub(super) fn add_routes(
    auth: &AuthConfig,
    upstreams: &mut Vec<UpstreamConfig>,
    routes: &mut Vec<RouteConfig>,
) {
    let table = format!("name = '{ACCOUNTS_GROUP}'\nurls = []");
    upstreams.extend(toml::from_str::<UpstreamConfig>(&table));
    let base = auth.service_path.trim_end_matches('/');
    // The service counts by itself what fails there, by account, device and network.
    // Secrets, and what providers send people back with: addresses among it.
    let secrets = [
        "password",
        "current_password",
        "code",
        "recovery_code",
        "token",
        "refresh_token",
        "ceremony",
        "state",
        "iss",
        "scope",
        "session_state",
        "error_description",
        "error_uri",
    ];
    // What browsers say of passkeys is binary, in base64url.
    let binary = [
        "id",
        "rawId",
        "publicKey",
        "clientDataJSON",
        "attestationObject",
        "authenticatorData",
        "signature",
        "userHandle",
    ];
    let with_binary: Vec<&str> = secrets.into_iter().chain(binary).collect();
    let here = [
        (format!("{base}/**"), format!("login = false\nexempt = {secrets:?}")),
        (format!("{base}/passkeys/**"), format!("login = false\nexempt = {with_binary:?}")),
        ("/.well-known/jwks.json".to_owned(), "methods = ['GET']".to_owned()),
        ("/.well-known/openid-configuration".to_owned(), "methods = ['GET']".to_owned()),
    ];
    for (path, more) in here {
        if let Some(written) = routes.iter_mut().find(|route| route.scope.path == path) {
            written.scope.upstream.get_or_insert_with(|| ACCOUNTS_GROUP.to_owned());
            continue;
        }
        let table = format!("path = {path:?}\nupstream = '{ACCOUNTS_GROUP}'\nauth = 'optional'\n{more}");
        routes.extend(toml::from_str::<RouteConfig>(&table));
    }
}

/// What the tables say, if the service is on.
pub(super) fn user_service(auth: &AuthConfig, reader: &mut Reader) -> Option<UserService> {
    let providers = providers(auth, reader);
    if !auth.service {
        unused(auth, reader);
        return None;
    }
    let public_url = public_url(auth, reader);
    let path = auth.service_path.trim_end_matches('/').to_owned();
    let is_path =
        path.starts_with('/') && path.len() > 1 && !path.contains(['{', '}', '*', '?', '#', ' ', '"']);
    if !is_path {
        reader.wrong(
            &["auth", "service_path"],
            "this is no path",
            "write the beginning of a path, as in `/auth`",
        );
    }
    if auth.cookie.as_deref().is_some_and(|cookie| cookie != ACCESS_COOKIE) {
        let message = "the built-in service has a cookie of its own for access tokens";
        reader.wrong(&["auth", "cookie"], message, format!("remove `cookie`; it is `{ACCESS_COOKIE}`"));
    }
    let accounts = &auth.accounts;
    let named = NamedPlace {
        file: accounts.file.as_deref(),
        url: accounts.url.as_deref(),
        url_file: accounts.url_file.as_deref(),
        url_env: accounts.url_env.as_deref(),
        what: "the store of accounts",
    };
    let place = named.read(&["auth", "accounts"], reader);
    if matches!(place, Some(StorePlace::Redis(_))) {
        let message =
            "users are kept in a file or in PostgreSQL: Redis may lose what it was told a second ago";
        reader.wrong(&["auth", "accounts"], message, "write `postgres://user@host/database`, or `file`");
    }
    let place = place.unwrap_or_else(|| StorePlace::File(reader.path(Path::new("accounts.db"))));
    let master_key = master_key(auth, &place, reader)?;
    let public_url = public_url?;
    let host = public_url.split_once("://").map_or("", |(_, host)| host).to_owned();
    Some(UserService {
        audience: auth.sessions.audience.clone().unwrap_or_else(|| public_url.clone()),
        path,
        place,
        master_key,
        registration: accounts.registration,
        site: accounts.site.clone().unwrap_or(host),
        sessions: auth.sessions.clone(),
        passwords: passwords(auth, reader),
        lockout: auth.lockout.clone(),
        mail: mail(&auth.mail, reader),
        providers,
        public_url,
    })
}

/// Tables of the service where it is off do nothing, and somebody thinks that they do.
fn unused(auth: &AuthConfig, reader: &mut Reader) {
    let written = |config: &AuthConfig| {
        [
            ("accounts", serde_json::to_value(&config.accounts)),
            ("sessions", serde_json::to_value(&config.sessions)),
            ("passwords", serde_json::to_value(&config.passwords)),
            ("lockout", serde_json::to_value(&config.lockout)),
            ("mail", serde_json::to_value(&config.mail)),
            ("public_url", serde_json::to_value(&config.public_url)),
        ]
        .map(|(name, value)| (name, value.unwrap_or_default()))
    };
    for ((name, value), (_, default)) in written(auth).into_iter().zip(written(&AuthConfig::default())) {
        if value != default {
            let message = "this is of the built-in user service, which is off";
            reader.wrong(&["auth", name], message, "write `service = true` below `[auth]`, or remove it");
        }
    }
}

/// What is said of passwords, with the file where it is.
fn passwords(auth: &AuthConfig, reader: &mut Reader) -> PasswordsConfig {
    let passwords = &auth.passwords;
    if let Some(url) = &passwords.breached_url {
        let parsed = url.parse::<http::Uri>().ok().filter(|url| url.authority().is_some());
        let is_local = |url: &http::Uri| matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let is_safe = |url: &http::Uri| url.scheme_str() == Some("https") || is_local(url);
        if !parsed.is_some_and(|url| is_safe(&url) && url.query().is_none()) {
            reader.wrong(
                &["auth", "passwords", "breached_url"],
                "this is no address of such a service",
                "write `https://api.pwnedpasswords.com/range`, or that of your own",
            );
        }
    }
    let breached_file = passwords.breached_file.as_deref().map(|file| reader.path(file));
    if let Some(file) = &breached_file
        && let Err(error) = std::fs::metadata(file)
    {
        let help = "make it: `doorward keys breached build LIST --out FILE`";
        reader.wrong(
            &["auth", "passwords", "breached_file"],
            format!("{} cannot be read: {error}", file.display()),
            help,
        );
    }
    PasswordsConfig { breached_file, ..passwords.clone() }
}

/// Where the service is reached, by a scheme over which browsers send its cookies.
fn public_url(auth: &AuthConfig, reader: &mut Reader) -> Option<String> {
    let at = ["auth", "public_url"];
    let Some(text) = &auth.public_url else {
        let message = "the built-in service has to know by which address people reach it";
        reader.wrong(
            &["auth", "service"],
            message,
            "write `public_url = \"https://shop.example\"` below `[auth]`",
        );
        return None;
    };
    let text = text.trim_end_matches('/');
    if !text.contains("://") {
        let help = format!("write `https://{text}`, or `http://{text}` on your own machine");
        reader.wrong(&at, "this address has no scheme", help);
        return None;
    }
    let url = text.parse::<http::Uri>().ok().filter(|url| url.authority().is_some());
    let Some(url) = url.filter(|url| url.path().trim_end_matches('/').is_empty() && url.query().is_none())
    else {
        reader.wrong(
            &at,
            "this is no address of a site",
            "write scheme and host, as in `https://shop.example`",
        );
        return None;
    };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme_str() {
        Some("https") => {}
        Some("http") if is_local => {}
        _ => {
            let message = "over http, browsers keep no cookie that is `Secure`, and know no passkeys, but on this machine";
            let help = "write `https://`, and `[gateway.tls]` or a proxy that speaks TLS; `http://localhost:8080` to try it";
            reader.wrong(&at, message, help);
            return None;
        }
    }
    if !has_passkeys(text) {
        let message = "browsers have no passkeys for an IP address, so that the pages do not offer them";
        let help =
            "write the name of the site, as in `https://shop.example`, or `http://localhost:8080` to try it";
        reader.notice(&at, message, help);
    }
    Some(text.to_owned())
}

fn master_key(auth: &AuthConfig, place: &StorePlace, reader: &mut Reader) -> Option<MasterKey> {
    let accounts = &auth.accounts;
    if let Some(file) = &accounts.master_key_file {
        let bytes = reader.secret_file(file, &["auth", "accounts", "master_key_file"])?;
        return Some(MasterKey::Given(String::from_utf8_lossy(&bytes).into_owned()));
    }
    if let Some(variable) = &accounts.master_key_env {
        let at = ["auth", "accounts", "master_key_env"];
        return Some(MasterKey::Given(reader.secret_env(variable, &at)?));
    }
    if let Some(directory) = std::env::var_os("CREDENTIALS_DIRECTORY") {
        let file = Path::new(&directory).join("doorward-master-key");
        if let Ok(text) = std::fs::read_to_string(file) {
            return Some(MasterKey::Given(text));
        }
    }
    if matches!(place, StorePlace::Postgres(_)) {
        let message = "gateways that share users share a master key, too";
        let help = "make one, `openssl rand -hex 32 > master.key`, and name it in each: `master_key_file = \"master.key\"`";
        reader.wrong(&["auth", "accounts"], message, help);
        return None;
    }
    Some(MasterKey::File(reader.path(Path::new("accounts.key"))))
}

fn mail(mail: &MailConfig, reader: &mut Reader) -> Option<(SecretUrl, String)> {
    let table = ["auth", "mail"];
    let (url, file, env) = (mail.url.as_deref(), mail.url_file.as_deref(), mail.url_env.as_deref());
    let (field, url) = secret_url(url, file, env, &table, reader)?;
    if !["smtp://", "smtps://"].iter().any(|scheme| url.starts_with(scheme)) {
        reader.wrong(
            &["auth", "mail", field],
            "this is no mail server",
            "write `smtps://user@host`, or `smtp://host`",
        );
        return None;
    }
    let Some(from) = &mail.from else {
        let help = "write `from = \"accounts@shop.example\"`";
        reader.wrong(&["auth", "mail"], "nobody is named as the sender of mails", help);
        return None;
    };
    Some((SecretUrl::new(url), from.clone()))
}
