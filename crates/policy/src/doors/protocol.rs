//! `[protocol]`: sizes, depths and spellings of requests; how a route's body is handled.

use std::collections::HashSet;

use http::HeaderName;
use serde::{Deserialize, Serialize};

use crate::reader::Reader;
use crate::settings::{route_settings, settings};
use crate::units::ByteSize;

settings! {
    /// `[protocol]`: sizes, depths and spellings.
    pub struct ProtocolConfig {
        /// Request line and headers together.
        pub max_head: ByteSize = ByteSize::kib(32),
        /// Number of header fields.
        pub max_headers: usize = 100,
        /// Path and query together.
        pub max_target: ByteSize = ByteSize::kib(8),
        /// A request body; a larger one gets 413.
        pub max_body: ByteSize = ByteSize::mib(1024),
        /// What is held of a request body that no door has to read as a whole: of a longer one (files, images, packages,
        /// forms with files), the rest is inspected while it is forwarded.
        pub max_held_body: ByteSize = ByteSize::mib(1),
        /// A body on a login route.
        pub max_login_body: ByteSize = ByteSize::kib(8),
        /// A body that doors read as a whole (JSON, XML, forms without files, and every body on a route that compares or lists
        /// its fields), after its content coding is undone; a larger one gets 413.
        pub max_decoded_body: ByteSize = ByteSize::mib(8),
        /// Decoded bytes per compressed byte.
        pub max_compression_ratio: u32 = 100,
        /// Nesting of JSON and XML.
        pub max_depth: usize = 64,
        /// Values in one JSON or XML body, fields of one form or one gRPC message, parameters of one query.
        pub max_members: usize = 100_000,
        /// How much one GraphQL request may ask for.
        pub graphql: GraphqlConfig = GraphqlConfig::default(),
        /// Header names with an underscore, which CGI-style servers confuse with the same name with a dash: `strip`
        /// keeps them from the upstream, `refuse` refuses the request, `pass` forwards them.
        pub underscore_headers: UnderscoreHeaders = UnderscoreHeaders::Strip,
        /// Which spellings of a path a route holds for. `loose`: for every one that some server takes for the same path
        /// (another case, a trailing slash, `;parameters`, blanks and dots at the end of a segment, `%2F` for a slash).
        /// `exact`: for its own only, where the API tells spellings apart.
        pub paths: PathMatching = PathMatching::Loose,
        /// Headers that only a proxy of one's own may send, because frameworks take them for a verified identity or for
        /// an internal command. They are removed from what other clients send.
        pub proxy_only_headers: Vec<String> = PROXY_ONLY.map(str::to_owned).to_vec(),
    }
}

settings! {
    /// `[protocol.graphql]`: how much one GraphQL request may ask for. It is looked for in JSON bodies with a `query`, in forms and
    /// queries with one, and in `application/graphql`; what is no GraphQL is left alone.
    pub struct GraphqlConfig {
        /// How deep fields may stand in one another, fragments filled in.
        pub max_depth: usize = 25,
        /// Fields in all, fragments filled in: each counts as often as it is spread.
        pub max_fields: usize = 5_000,
        /// How often a field may be asked for in one place, under whatever names (aliases): twenty log ins in one request are
        /// twenty times `login`.
        pub max_same: usize = 100,
        /// Requests in one: the items of a list.
        pub max_batch: usize = 50,
        /// Whether clients may ask for the schema (`__schema`, `__type`): `allow` or `refuse`.
        pub introspection: Introspection = Introspection::Allow,
    }
}

/// Whether clients may ask for the schema of a GraphQL API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Introspection {
    /// They may.
    Allow,
    /// They may not.
    Refuse,
}

impl ProtocolConfig {
    /// The set of `proxy_only_headers`.
    pub(crate) fn proxy_only(&self, reader: &mut Reader) -> HashSet<HeaderName> {
        let mut names = HashSet::new();
        for (i, text) in self.proxy_only_headers.iter().enumerate() {
            match text.parse::<HeaderName>() {
                Ok(name) => drop(names.insert(name)),
                Err(_) => reader.wrong(
                    &["protocol", "proxy_only_headers", &i.to_string()],
                    format!("`{text}` is not the name of a header"),
                    "write the name alone: `x-forwarded-user`",
                ),
            }
        }
        names
    }
}

/// Names that proxies, frameworks and runtimes believe: identities that a proxy has verified, and commands of its own.
const PROXY_ONLY: [&str; 131] = [
    "proxy",
    "remote-user",
    "x-remote-user",
    "x-remote-group",
    "x-remote-addr",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-access-token",
    "x-forwarded-client-cert",
    "x-forwarded-uri",
    "x-forwarded-path",
    "x-forwarded-method",
    "x-forwarded-scheme",
    "x-forwarded-ssl",
    "x-auth-request-user",
    "x-auth-request-email",
    "x-auth-request-groups",
    "x-auth-request-access-token",
    "x-authenticated-user",
    "x-webauth-user",
    "x-client-cert",
    "x-ssl-client-cert",
    "x-ssl-client-dn",
    "x-ssl-client-s-dn",
    "x-ssl-client-verify",
    "ssl-client-cert",
    "x-amzn-oidc-identity",
    "x-amzn-oidc-data",
    "x-amzn-oidc-accesstoken",
    "x-ms-client-principal",
    "x-ms-client-principal-id",
    "x-goog-authenticated-user-email",
    "front-end-https",
    "client-ip",
    "wl-proxy-client-ip",
    "x-middleware-subrequest",
    "x-up-devcap-post-charset",
    "x-script-name",
    "remote-groups",
    "remote-name",
    "remote-email",
    "x-remote-ip",
    "x-remote-user-id",
    "x-remote-email",
    "x-remote-roles",
    "x-forwarded-name",
    "x-forwarded-roles",
    "x-forwarded-tls-client-cert",
    "x-forwarded-tls-client-cert-info",
    "x-original-forwarded-for",
    "x-original-uri",
    "x-original-remote-addr",
    "x-auth-request-preferred-username",
    "x-auth-request-redirect",
    "x-authentik-username",
    "x-authentik-email",
    "x-authentik-name",
    "x-authentik-groups",
    "x-authentik-entitlements",
    "x-authentik-uid",
    "x-authentik-jwt",
    "x-vouch-user",
    "x-pomerium-jwt-assertion",
    "x-pomerium-claim-email",
    "x-pomerium-claim-user",
    "x-pomerium-claim-groups",
    "tailscale-user-login",
    "tailscale-user-name",
    "x-consumer-id",
    "x-consumer-custom-id",
    "x-consumer-username",
    "x-consumer-groups",
    "x-credential-identifier",
    "x-credential-username",
    "x-anonymous-consumer",
    "x-authenticated-userid",
    "x-authenticated-scope",
    "x-authenticated-groups",
    "cf-access-authenticated-user-email",
    "cf-access-jwt-assertion",
    "x-goog-authenticated-user-id",
    "x-goog-iap-jwt-assertion",
    "x-ms-client-principal-name",
    "x-ms-client-principal-idp",
    "x-ms-token-aad-id-token",
    "x-ms-token-aad-access-token",
    "x-amzn-mtls-clientcert",
    "x-amzn-mtls-clientcert-leaf",
    "x-amzn-mtls-clientcert-subject",
    "ssl-client-verify",
    "ssl-client-subject-dn",
    "ssl-client-issuer-dn",
    "ssl-client-s-dn",
    "ssl-client-dn",
    "x-ssl-client-subject-dn",
    "x-ssl-client-i-dn",
    "x-ssl-client-issuer-dn",
    "x-ssl-cert",
    "x-client-dn",
    "x-client-verify",
    "x-client-cert-dn",
    "x-client-cert-chain",
    "x-tls-client-cert",
    "x-arr-clientcert",
    "x-arr-ssl",
    "client-cert",
    "client-cert-chain",
    "x-envoy-original-path",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-peer-metadata",
    "x-envoy-original-dst-host",
    "x-invoke-path",
    "x-invoke-query",
    "x-invoke-status",
    "x-invoke-error",
    "x-matched-path",
    "x-now-route-matches",
    "x-sendfile-type",
    "x-accel-mapping",
    "x-http-host-override",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-proxyuser-ip",
    "wl-proxy-ssl",
    "proxy-client-ip",
    "cf-connecting-ipv6",
    "cf-pseudo-ipv4",
];

/// Which spellings of a path a route holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PathMatching {
    /// Every one that some server takes for the same path.
    Loose,
    /// Its own only.
    Exact,
}

/// What happens to header names with an underscore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnderscoreHeaders {
    /// The upstream does not get them; an event.
    Strip,
    /// The request is refused.
    Refuse,
    /// They are forwarded.
    Pass,
}

/// What happens to a body in another charset than UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OtherCharsets {
    /// It is refused: no door can tell what the API reads in it.
    #[default]
    Refuse,
    /// It is forwarded, and no door reads it.
    Pass,
}

/// What happens to a request body before there is a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyHandling {
    /// Held back whole, up to a limit: the upstream sees nothing of a refused request. A longer body that no door has to
    /// read as a whole is forwarded from there on as it comes.
    #[default]
    Hold,
    /// Forwarded piece by piece, each inspected together with the end of the one before.
    Stream,
}

route_settings! {
    /// What a route may say of its bodies.
    pub struct ProtocolRouteConfig {
        /// Largest request body here.
        pub max_body: Option<ByteSize>,
        /// `hold` (the default) inspects a body before it is forwarded, `stream` while it is.
        pub body: BodyHandling,
        /// A body whose `Content-Type` names another charset than UTF-8: `refuse` (the default) answers 400, `pass`
        /// forwards it unread.
        pub other_charsets: OtherCharsets,
    }
}

/// The bodies of one route.
#[derive(Debug, Clone)]
pub struct ProtocolRoute {
    /// Largest body.
    pub max_body: ByteSize,
    /// Whether bodies are held back or streamed.
    pub body: BodyHandling,
    /// Bodies in another charset than UTF-8.
    pub other_charsets: OtherCharsets,
}

impl ProtocolRoute {
    /// What holds where no route says otherwise.
    pub(crate) fn everywhere(config: &ProtocolConfig) -> Self {
        ProtocolRoute {
            max_body: config.max_body,
            body: BodyHandling::Hold,
            other_charsets: OtherCharsets::Refuse,
        }
    }

    /// The same with what a route says.
    pub(crate) fn on_route(&self, route: &ProtocolRouteConfig) -> Self {
        ProtocolRoute {
            max_body: route.max_body.unwrap_or(self.max_body),
            body: route.body,
            other_charsets: route.other_charsets,
        }
    }

    /// The lines of `doorward check`.
    pub fn rows(&self) -> Vec<String> {
        let body = match self.body {
            BodyHandling::Hold => format!("at most {}", self.max_body),
            BodyHandling::Stream => format!("streamed, at most {}", self.max_body),
        };
        let unread =
            (self.other_charsets == OtherCharsets::Pass).then(|| "other charsets pass unread".to_owned());
        std::iter::once(body).chain(unread).collect()
    }
}
