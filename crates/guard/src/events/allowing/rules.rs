//! The rules of the doors, and how what they refuse can be allowed. Detectors are not listed: their rules are the names of
//! their classes.

use Allowing::{Detector, Never, Observe, Origin, Route, Table, TooLarge};

/// How what a rule refuses can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowing {
    /// By a setting of the route.
    Route(&'static str),
    /// By a setting of another table.
    Table(&'static str, &'static str),
    /// By a door that only reports on the route: nothing more exact does.
    Observe,
    /// By the name of the input, which may hold anything then; where it has none, by the detector.
    Exempt,
    /// By the detector: the finding is in names, not in a value.
    Detector,
    /// By the origin that asks.
    Origin,
    /// By the limit that the evidence names: a body has several.
    TooLarge,
    /// By nothing, for a reason.
    Never(&'static str),
}

const AMBIGUOUS: &str = "some server reads it otherwise than the gate; its sender has to mend it";
const CLIENT: &str = "the client broke off; it may try again";
const CREDENTIAL: &str = "the credential does not hold; its owner needs another";
const STORE: &str = "a store or the API did not answer; see why";

/// Door, rule, and how it can be allowed.
pub(super) const RULES: &[(&str, &str, Allowing)] = &[
    ("protocol", "framing-tls", Never("the listener speaks no TLS: see `[gateway.tls]`")),
    ("protocol", "framing-bare-line-break", Never(AMBIGUOUS)),
    ("protocol", "framing-control-byte", Never(AMBIGUOUS)),
    ("protocol", "framing-request-line", Never(AMBIGUOUS)),
    ("protocol", "framing-version", Never(AMBIGUOUS)),
    ("protocol", "framing-header-line", Never(AMBIGUOUS)),
    ("protocol", "framing-content-length", Never(AMBIGUOUS)),
    ("protocol", "framing-transfer-encoding", Never(AMBIGUOUS)),
    ("protocol", "framing-two-lengths", Never(AMBIGUOUS)),
    ("protocol", "framing-host", Never(AMBIGUOUS)),
    ("protocol", "framing-chunk", Never(AMBIGUOUS)),
    ("protocol", "framing-head-too-large", Table("protocol", "max_head = \"64 KiB\"\nmax_headers = 200")),
    ("protocol", "target-not-a-path", Never(AMBIGUOUS)),
    ("protocol", "target-control-byte", Never(AMBIGUOUS)),
    ("protocol", "path-dot-segment", Never(AMBIGUOUS)),
    ("protocol", "path-backslash", Never(AMBIGUOUS)),
    ("protocol", "path-broken-escape", Never(AMBIGUOUS)),
    ("protocol", "path-overlong", Never(AMBIGUOUS)),
    ("protocol", "target-too-long", Table("protocol", "max_target = \"32 KiB\"")),
    ("protocol", "method-spelling", Observe),
    ("protocol", "method", Observe),
    ("protocol", "denied-route", Route("deny = false")),
    ("protocol", "no-upstream", Table("gateway", "upstream = [\"http://127.0.0.1:3000\"]")),
    ("protocol", "connection", Observe),
    ("protocol", "host", Observe),
    ("protocol", "host-unknown", Table("gateway", "hosts = []")),
    ("protocol", "expect", Observe),
    ("protocol", "header-count", Table("protocol", "max_headers = 200")),
    ("protocol", "header-doubled", Observe),
    ("protocol", "header-underscore", Table("protocol", "underscore_headers = \"strip\"")),
    ("protocol", "body-too-large", TooLarge),
    ("protocol", "body-too-many-values", Table("protocol", "max_members = 1000000")),
    ("protocol", "graphql-depth", Table("protocol.graphql", "max_depth = 50")),
    ("protocol", "graphql-fields", Table("protocol.graphql", "max_fields = 50000")),
    ("protocol", "graphql-same", Table("protocol.graphql", "max_same = 1000")),
    ("protocol", "graphql-batch", Table("protocol.graphql", "max_batch = 500")),
    ("protocol", "graphql-introspection", Table("protocol.graphql", "introspection = \"allow\"")),
    ("protocol", "body-too-slow", Table("gateway.timeouts", "body = \"5m\"")),
    ("protocol", "body-broken", Never(CLIENT)),
    ("protocol", "held-bytes", Table("gateway", "max_held_per_client = \"256 MiB\"\nmax_held = \"1 GiB\"")),
    ("protocol", "grpc-message", Never("it is no message of gRPC, or it breaks off")),
    (
        "protocol",
        "grpc-encoding",
        Never("the gate cannot read this compression; gzip, deflate, br and zstd it can"),
    ),
    ("protocol", "content-encoding", Observe),
    ("protocol", "content-encoding-stream", Route("body = \"hold\"")),
    ("protocol", "body-unreadable", Observe),
    ("network", "address-denied", Observe),
    ("network", "address-not-allowed", Observe),
    ("network", "no-user-agent", Table("network", "require_user_agent = false")),
    ("cors", "origin", Origin),
    ("cors", "preflight-method", Observe),
    ("cors", "preflight-header", Observe),
    ("cors", "forged", Origin),
    ("rate", "limit", Observe),
    ("rate", "store", Never(STORE)),
    ("authentication", "no-credential", Observe),
    ("authentication", "token-unsigned", Never(CREDENTIAL)),
    ("authentication", "token", Never(CREDENTIAL)),
    ("authentication", "api-key", Never(CREDENTIAL)),
    ("authentication", "two-subjects", Never(CREDENTIAL)),
    ("authentication", "two-sessions", Never(CREDENTIAL)),
    ("authentication", "scope", Observe),
    ("authentication", "second-factor", Observe),
    ("authentication", "authentication-age", Observe),
    ("schema", "undeclared-path", Table("schema", "undeclared = \"report\"")),
    ("schema", "undeclared-method", Table("schema", "undeclared = \"report\"")),
    ("schema", "deprecated", Table("schema", "deprecated = \"report\"")),
    ("schema", "parameter", Observe),
    ("schema", "semicolon", Observe),
    ("schema", "unknown-parameter", Route("unknown_parameters = \"allow\"")),
    ("schema", "body", Observe),
    ("schema", "body-missing", Observe),
    ("schema", "media-type", Observe),
    ("schema", "part-media-type", Observe),
    ("schema", "part-ambiguous", Observe),
    ("schema", "upgrade", Observe),
    ("schema", "unknown-property", Route("unknown_properties = \"allow\"")),
    ("schema", "response-unreadable", Route("unreadable = \"report\"")),
    ("schema", "response-too-large", Route("unreadable = \"report\"")),
    ("injection", "nosql", Detector),
    ("injection", "markup", Observe),
    ("injection", "crs", Observe),
    ("injection", "crs-arguments", Observe),
    ("ownership", "no-principal", Observe),
    ("ownership", "permission", Observe),
    ("ownership", "role", Observe),
    ("ownership", "bind", Observe),
    ("ownership", "owner", Observe),
    ("ownership", "owner-redirect", Observe),
    ("ownership", "owner-unreadable", Observe),
    ("ownership", "object-unknown", Observe),
    ("ownership", "object-unreadable", Observe),
    ("ownership", "look", Observe),
    ("ownership", "look-failed", Never(STORE)),
    ("ownership", "store", Never(STORE)),
    ("ownership", "precondition", Never("the client's own condition does not hold")),
    ("ownership", "not-found", Observe),
    ("ownership", "upgrade", Observe),
    ("ownership", "cedar", Observe),
    ("ownership", "enumeration", Table("ownership.enumeration", "then = \"report\"")),
    ("admission", "client-does-not-read", Table("gateway.timeouts", "write = \"5m\"")),
    ("admission", "proxy-protocol", Never("the connection begins with no header of a trusted proxy")),
];
