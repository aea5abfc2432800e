use super::*;
use crate::{BodyHandling, BuiltInDoor, Mode};
use http::Method;

fn compile(text: &str) -> Result<Policy, ConfigError> {
    load(&Inputs {
        text: Some(text.into()),
        upstream: vec!["http://127.0.0.1:3000".into()],
        ..Inputs::default()
    })
}

#[test]
fn no_file_is_a_policy() {
    let policy = compile("").unwrap();
    let login = policy.table(None).route(&Method::POST, "/api/login").0;
    assert_eq!(&*login.name, "login");
    assert_eq!(login.protocol.max_body, ByteSize::kib(8));
    assert_eq!(login.rate.limits.len(), 2);
    assert_eq!(&*policy.table(None).route(&Method::GET, "/api/login").0.name, "*");
    assert!(BuiltInDoor::ALL.iter().all(|d| login.modes.of(*d) == Mode::Enforce));
}

#[test]
fn a_route_differs_only_where_it_says() {
    let policy = compile(
        "[doors]\ninjection = 'observe'\n[[route]]\npath = '/upload/**'\nbody = 'stream'\ndoors = { cors = 'off' }\n[[route]]\npath='/login'\nlimits=['1 per day by global']",
    )
    .unwrap();
    let upload = policy.table(None).route(&Method::PUT, "/upload/a/b").0;
    assert_eq!(upload.protocol.body, BodyHandling::Stream);
    assert_eq!(upload.modes.of(BuiltInDoor::Cors), Mode::Off);
    assert_eq!(upload.modes.of(BuiltInDoor::Injection), Mode::Observe);
    assert_eq!(
        policy.table(None).route(&Method::POST, "/login").0.rate.limits.len(),
        3,
        "a login route keeps the login limits"
    );
}

#[test]
fn problems_have_a_place_and_a_help() {
    for (text, position, words) in [
        ("[gatway]\nlisten = []", (1, 2), "did you mean `gateway`"),
        ("[cors]\norigins = ['https://*.com']", (2, 11), "top-level domain"),
        ("[cors]\ncredentials = true\norigins = ['*']", (3, 11), "list the origins"),
        ("[rate]\nlimits = ['many per day']", (2, 10), "no number"),
        ("[doors]\ncorz = 'off'", (2, 1), "cors"),
        ("[[route]]\npath = 'users'", (2, 8), "begin with"),
        ("[[route]]\npath = '/u/{id}'\nbind = { 'path.uid' = 'sub' }", (3, 23), "path.NAME"),
        ("[gateway]\nupgrades = ['h2c']", (2, 13), "h2c"),
        ("[gateway]\nlisten = ['localhost:80']", (2, 11), "as in \"127.0.0.1:8080\""),
        ("[protocol]\nmax_body = '1 parsec'", (2, 12), "parsec"),
        ("[gateway\n", (1, 9), ""),
        ("[[auth.issuer]]\njwks = 'http://keys.example/jwks'", (2, 8), "https"),
        ("[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'none'\n", (3, 13), "EdDSA"),
        ("[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret = 'x'", (4, 1), "secret_file"),
        (
            "[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\n",
            (2, 8),
            "service = true",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'A b'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\n",
            (5, 8),
            "small letters",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'http://i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\n",
            (6, 10),
            "https://",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\n",
            (6, 10),
            "discovery document",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example?a=b'\nclient_id = 'c'\nclient_secret_env = 'PATH'\n",
            (6, 10),
            "discovery document",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\n",
            (7, 13),
            "client_secret_file",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret = 'x'",
            (8, 1),
            "client_secret_",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret_env = 'DOORWARD_NOT_SET'",
            (8, 21),
            "not set",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\nscopes = ['email']",
            (9, 10),
            "openid",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\ndomains = ['a.example']",
            (9, 11),
            "create = true",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\ncreate = true\ndomains = ['@a.example']",
            (10, 11),
            "behind the `@`",
        ),
        (
            "[auth]\nservice = true\npublic_url = 'https://a.example'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://i.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\n[[auth.provider]]\nname = 'a'\nissuer = 'https://j.example'\nclient_id = 'c'\nclient_secret_env = 'PATH'\n",
            (10, 8),
            "name of its own",
        ),
        ("[ownership.ledger]\nfile = 'a'\nurl = 'redis://h'", (3, 7), "in one place"),
        ("[ownership.ledger]\nurl = 'redis://:hunter2@h'", (2, 7), "url_file"),
        ("[ownership.ledger]\nurl = 'postgres://h/d?user=a&password=hunter2'", (2, 7), "url_file"),
        ("[ownership.ledger]\nurl = 'mysql://h'", (2, 7), "redis://"),
        ("[ownership.ledger]\nurl_env = 'DOORWARD_NOT_SET'", (2, 11), "not set"),
        ("[rate]\nhash_secret_env = 'DOORWARD_NOT_SET'", (2, 19), "not set"),
        ("[rate]\nhash_secret_file = 'a'\nhash_secret_env = 'B'", (3, 19), "one source"),
        ("[rate.store]\nurl = 'redis://h'", (2, 7), "one secret"),
        ("[rate.store]\nurl = 'postgres://h/d'", (2, 7), "Redis or Valkey"),
        ("[rate.store]\nurl = 'redis://:hunter2@h'", (2, 7), "url_file"),
        ("[rate.store]\nurl_env = 'DOORWARD_NOT_SET'", (2, 11), "not set"),
        ("[rate]\nhash_secret = 'x'", (2, 1), "hash_secret_"),
        ("[cedar]\npolicies = ['a.cedar']", (2, 12), "OpenAPI document"),
        ("[cedar.claims]\nsub = 'string'", (2, 7), "without a declaration"),
        ("[cedar.claims]\ntenant = 'text'", (2, 10), "strings"),
        (
            "[gateway]\nhosts = ['https://API.example.org/v1']",
            (2, 10),
            "write `api.example.org`: a host has no",
        ),
        ("[gateway]\nhosts = ['api.example.org:8443']", (2, 10), "write `api.example.org`: a host has no"),
        ("[gateway]\nhosts = ['*.example.org/']", (2, 10), "write `*.example.org`"),
        ("[gateway]\nhosts = ['*']", (2, 10), "leave `hosts` out"),
        ("[gateway]\nhosts = ['api.*.org']", (2, 10), "`*.example.org`"),
        ("[gateway]\nhosts = ['']", (2, 10), "write `api.example.org`"),
        ("[gateway]\nhosts = ['bücher.example']", (2, 10), "Punycode"),
        ("[gateway]\nhosts = ['2001:db8::1']", (2, 10), "write `[2001:db8::1]`"),
        ("[protocol]\nproxy_only_headers = ['x-user: a']", (2, 23), "the name alone: `x-forwarded-user`"),
        ("[gateway]\nmax_held_per_client = '1 MiB'", (2, 23), "at least `max_held_per_client = \"8 MiB\"`"),
        ("[gateway]\nmax_held = '1 MiB'", (2, 12), "at least `max_held = \"8 MiB\"`"),
        ("[[route]]\npath = '/a'\nbody = 'stream'\nfields = ['a']", (4, 10), "remove `body = \"stream\"`"),
        (
            "[[route]]\npath = '/a'\nbody = 'stream'\npatch_paths = ['/a']",
            (4, 15),
            "remove `body = \"stream\"`",
        ),
        ("[[route]]\npath = '/a'\nbody = 'stream'\nsanitize = { a = 'basic' }", (4, 12), "or this setting"),
        (
            "[[route]]\npath = '/a'\nmethods = ['POST']\nbody = 'stream'\n[[route]]\npath = '/a'\nmethods = ['DELETE']\ndeny = true",
            (4, 8),
            "DELETE asks for more",
        ),
        (
            "[[route]]\npath = '/a/{id}'\nbody = 'stream'\n[[route]]\npath = '/a/{name}'\nmethods = ['DELETE']\ndeny = true",
            (3, 8),
            "use PUT",
        ),
    ] {
        let Err(error) = compile(text) else { unreachable!("accepted: {text}") };
        let problem = &error.problems[0];
        assert_eq!(problem.position(), Some(position), "{text}: {problem}");
        assert!(error.lines().contains(words), "{text}: {}", error.lines());
    }
}

#[test]
fn slips_of_the_pen_are_refused_with_their_mend() {
    for (text, position, words) in [
        ("[[route]]\npath = '/a'\nmethods = ['GTE']", (3, 12), "did you mean `GET`?"),
        ("[[route]]\npath = '/a'\nmethods = ['FROBNICATE']", (3, 12), "leave `methods` out"),
        ("[[route]]\npath = '/a'\nmethods = []", (3, 11), "leave the setting out"),
        ("[[route]]\npath = '/a'\nroles = []", (3, 9), "leave the setting out"),
        ("[[route]]\npath = '/a'\nscopes = []", (3, 10), "leave the setting out"),
        ("[cors]\nmethods = ['PSOT']", (2, 12), "did you mean `POST`?"),
        ("[cors]\nmethods = []", (2, 11), "listed origins"),
        ("[network]\ndeny = ['192.0.2.0/33']", (2, 9), "up to 32 for IPv4"),
        ("[gateway]\ntrusted_proxies = ['192.0.2.7']", (2, 20), "192.0.2.7/32"),
        ("[cors]\norigins = 'https://a.example'", (2, 11), "write a list: [\"https://a.example\"]"),
        ("[[route]]\npath = '/a'\nexempt = 'q'", (3, 10), "write a list: [\"q\"]"),
    ] {
        let Err(error) = compile(text) else { unreachable!("accepted: {text}") };
        let problem = &error.problems[0];
        assert_eq!(problem.position(), Some(position), "{text}: {problem}");
        assert!(error.lines().contains(words), "{text}: {}", error.lines());
    }
    assert!(compile("[[route]]\npath = '/a'\nmethods = ['get', 'PROPFIND', 'PURGE']").is_ok());
}

#[test]
fn what_is_said_of_upstreams_has_to_fit_them() {
    for (text, position, words) in [
        ("[gateway]\nupstream = ['h2c://a']\nupstream_protocol = '1.1'", (2, 13), "write `http://`"),
        ("[gateway]\nupstream = [{ url = 'http://a', weight = 0 }]", (2, 13), "between 1 and 1000"),
        ("[gateway]\nupstream = [7]", (2, 12), "a URL, or a table"),
        ("[gateway.load_balancing]\nmethod = 'hash'", (1, 1), "`header` or `cookie`"),
        ("[gateway.load_balancing]\nheader = 'x-user'", (2, 10), "`method = \"hash\"`"),
        ("[gateway.load_balancing]\nmethod = 'hash'\nheader = 'a b'", (3, 10), "not a header name"),
        ("[[upstream]]\nname = 'gateway'\nurls = ['http://a']", (2, 8), "a name of its own"),
        (
            "[[upstream]]\nname = 'a'\nurls = ['http://a']\n[[upstream]]\nname = 'a'\nurls = ['http://a']",
            (5, 8),
            "give each its own name",
        ),
        ("[[upstream]]\nname = 'a'\nurls = []", (3, 8), "there is no server"),
        ("[[upstream]]\nname = 'a'\nurls = ['a']", (3, 9), "is not an upstream"),
        (
            "[[upstream]]\nname = 'a'\nurls = ['http://a']\nload_balancing = { method = 'hash' }",
            (4, 18),
            "`header` or `cookie`",
        ),
        ("[[upstream]]\nname = 'a'\nurls = ['http://a']\noverlay = ['b']", (4, 11), "name the document too"),
        ("[[route]]\npath = '/a'\nupstream = 'b'", (3, 12), "`[[upstream]]` with `name = \"b\"`"),
        (
            "[[upstream]]\nname = 'a'\nurls = ['http://a']\n[[route]]\npath = '/a'\nupstream = 'b'",
            (6, 12),
            "the upstreams are `gateway`, `a`",
        ),
        ("[[route]]\npath = '/a/**'\nstrip_prefix = '/b'", (3, 16), "as in `/a`"),
        ("[[route]]\npath = '/a'\nhost = ['http://a']", (3, 9), "write `a`"),
        (
            "[[route]]\npath = '/a'\nhost = ['a']\n[[route]]\npath = '/a'\nhost = ['a']",
            (5, 8),
            "second entry",
        ),
        ("[gateway.health]\nexpected_status = ['2xx']", (2, 19), "`200-299`"),
        ("[gateway]\nupstream = ['http://a']\nupstream_protocol = '3'", (3, 21), "unknown variant `3`"),
        (
            "[gateway]\nupstream = ['http://a']\n[gateway.upstream_tls]\nserver_name = 'b'",
            (3, 1),
            "an `https://` URL",
        ),
        (
            "[gateway]\nupstream = ['https://a']\n[gateway.upstream_tls]\nca = 'no.pem'",
            (4, 6),
            "cannot be read",
        ),
        (
            "[gateway]\nupstream = ['https://a']\n[gateway.upstream_tls]\nkey = '/dev/null'",
            (4, 7),
            "belong together",
        ),
        ("[gateway]\nupstream = ['https://a']\n[gateway.upstream_tls]\npins = ['abc']", (4, 9), "openssl"),
        (
            "[gateway]\nupstream = ['https://a']\n[gateway.upstream_tls]\nserver_name = '*.a'",
            (4, 15),
            "api.example.org",
        ),
    ] {
        let inputs = Inputs { text: Some(text.into()), ..Inputs::default() };
        let Err(error) = load(&inputs) else { unreachable!("accepted: {text}") };
        let problem = &error.problems[0];
        assert_eq!(problem.position(), Some(position), "{text}: {problem}");
        assert!(error.lines().contains(words), "{text}: {}", error.lines());
    }
}

#[test]
fn a_body_may_be_streamed_beside_methods_that_ask_for_no_more() {
    for text in [
        "[[route]]\npath = '/a'\nmethods = ['PUT']\nbody = 'stream'\n[[route]]\npath = '/a'\nmethods = ['DELETE']\ndeny = true",
        "[[route]]\npath = '/a'\nmethods = ['POST']\nbody = 'stream'\n[[route]]\npath = '/a'\nmethods = ['GET']\nmax_body = '1KiB'",
        "[[route]]\npath = '/a'\nbody = 'stream'\n[[route]]\npath = '/a/{id}'\nmethods = ['DELETE']\ndeny = true",
    ] {
        assert!(compile(text).is_ok(), "{text}");
    }
}

#[test]
fn a_weak_secret_is_used_where_the_policy_says_so_and_named_at_each_start() {
    let directory = tempfile::tempdir().unwrap();
    let compile = |secret: &str, weak: &str| {
        let secret_file = directory.path().join("secret");
        std::fs::write(&secret_file, secret).unwrap();
        let only_me = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret_file, only_me).unwrap();
        let file = directory.path().join("doorward.toml");
        let key = format!(
            "[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = 'secret'\n{weak}"
        );
        std::fs::write(&file, format!("[gateway]\nupstream = ['http://127.0.0.1:1']\n{key}")).unwrap();
        load(&Inputs { file: Some(file), ..Inputs::default() })
    };
    for (secret, weak, is_used) in [
        ("short", "", false),
        ("short", "weak = 'accept'", true),
        ("a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "", false),
        ("\0\0", "weak = 'accept'", false),
    ] {
        match compile(secret, weak) {
            Ok(policy) => {
                assert!(is_used, "{secret:?}");
                assert!(policy.notices.iter().any(|notice| notice.line().contains("guessed")));
            }
            Err(error) => {
                assert!(!is_used && error.lines().contains("weak = \"accept\""), "{}", error.lines())
            }
        }
    }
    let strong = compile("0123456789abcdef0123456789abcdef", "").unwrap();
    assert!(!strong.notices.iter().any(|notice| notice.line().contains("guessed")));
    assert!(strong.notices.iter().any(|notice| notice.line().contains("whomever they are for")));
}

#[test]
fn a_credential_that_nobody_verifies_is_told_at_each_start() {
    let document = "openapi: 3.1.0
components:
  securitySchemes:
    bearer: { type: http, scheme: bearer }
    key: { type: apiKey, in: header, name: X-Key }
paths:
  /a: { get: { security: [{ bearer: [] }], responses: {} }, post: { security: [{ key: [] }], responses: {} } }
";
    let directory = tempfile::tempdir().unwrap();
    let openapi = directory.path().join("api.yaml");
    std::fs::write(&openapi, document).unwrap();
    let upstream = vec!["http://127.0.0.1:1".to_owned()];
    let policy = load(&Inputs { openapi: Some(openapi), upstream, ..Inputs::default() }).unwrap();
    assert!(
        policy.notices.iter().any(|notice| notice.line().contains("1 operation")),
        "{:?}",
        policy.notices
    );
    // A key is known there, and no issuer.
    let notices = with_document(document, "").unwrap().notices;
    assert!(notices.len() == 1 && notices[0].line().contains("1 operation asks for a bearer token"));
}

#[test]
fn what_is_right_is_taken_as_it_is() {
    let policy = compile(
        "[gateway]\nhosts = ['API.example.org.', '*.example.org', '192.0.2.1', '[2001:db8::1]', 'localhost', 'a_b']\n\
         [protocol]\nproxy_only_headers = ['X-User']\nmax_decoded_body = '40 MiB'\n\
         [injection]\nsanitize = { note = 'basic' }\n[[route]]\npath = '/upload'\nbody = 'stream'",
    )
    .unwrap();
    let hosts = ["api.example.org", "*.example.org", "192.0.2.1", "[2001:db8::1]", "localhost", "a_b"];
    assert_eq!(policy.gateway.hosts, hosts);
    assert!(policy.proxy_only_headers.iter().map(|name| name.as_str()).eq(["x-user"]));
    // One client may have four of the largest bodies, and four clients as much.
    let held = policy.gateway.held;
    assert_eq!((held.per_client, held.total), (ByteSize::mib(160), ByteSize::mib(640)));
}

#[test]
fn a_body_is_held_where_the_document_says_what_is_in_it() {
    let document = |kind: &str| {
        format!(
            "openapi: 3.1.0\npaths:\n  /upload:\n    post:\n      requestBody: {{ content: {{ {kind}: {{ schema: {{ type: object }} }} }} }}\n      responses: {{}}\n"
        )
    };
    let streamed = "[[route]]\npath = '/upload'\nbody = 'stream'";
    for (kind, policy, is_wrong) in [
        ("application/json", streamed.to_owned(), true),
        ("multipart/form-data", streamed.to_owned(), true),
        ("application/xml", streamed.to_owned(), true),
        ("'*/*'", streamed.to_owned(), true),
        ("application/json", format!("{streamed}\nmethods = ['POST']"), true),
        ("application/json", "[[route]]\npath = '/**'\nbody = 'stream'".to_owned(), true),
        ("application/json", format!("{streamed}\nmethods = ['PUT']"), false),
        ("application/json", format!("{streamed}\ndoors = {{ schema = 'off' }}"), false),
        ("application/json", "[[route]]\npath = '/upload'".to_owned(), false),
        ("application/octet-stream", streamed.to_owned(), false),
        ("application/grpc", streamed.to_owned(), false),
    ] {
        let loaded = with_document(&document(kind), &policy);
        let Err(error) = loaded else {
            assert!(!is_wrong, "accepted: {kind} {policy}");
            continue;
        };
        let lines = error.lines();
        assert!(is_wrong, "{kind} {policy}: {lines}");
        for words in ["doorward.toml:9:8: ", "the body of POST /upload is streamed", "schema = \"off\""] {
            assert!(lines.contains(words), "{kind} {policy}: {lines}");
        }
    }
}

#[test]
fn every_problem_is_named_at_once() {
    let error =
        compile("[headers]\nremove = ['no good']\n[[route]]\npath = 'a'\n[[route]]\npath = 'b'").unwrap_err();
    assert_eq!(error.problems.len(), 3, "{}", error.lines());
}

/// A policy of a file beside a document.
fn with_document(document: &str, policy: &str) -> Result<Policy, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), document).unwrap();
    let file = directory.path().join("doorward.toml");
    let auth = "[[auth.api_key]]\nsubject = 'a'\nsha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'\n";
    std::fs::write(
        &file,
        format!("[gateway]\nopenapi = 'api.yaml'\nupstream = ['http://127.0.0.1:1']\n{auth}{policy}"),
    )
    .unwrap();
    load(&Inputs { file: Some(file), ..Inputs::default() })
}

const ORDERS: &str = "openapi: 3.1.0
x-doorward: { auth: required }
paths:
  /orders/{id}:
    x-doorward:
      owner: /user_id
    get: { responses: {} }
    delete:
      x-doorward: { check_owner_before_write: true, owner: { field: [/user_id, '/members/*'], claim: uid } }
      responses: {}
";

#[test]
fn an_operation_carries_its_policy_and_the_nearest_level_says() {
    let policy = with_document(ORDERS, "").unwrap();
    let get = policy.table(None).route(&Method::GET, "/orders/7").0;
    assert_eq!(&*get.name, "GET /orders/{id}");
    assert_eq!(get.auth.require, crate::AuthRequirement::Required);
    assert_eq!(get.ownership.owner.as_ref().unwrap().to_string(), "/user_id = sub");
    let delete = policy.table(None).route(&Method::DELETE, "/orders/7").0;
    assert_eq!(delete.ownership.owner.as_ref().unwrap().to_string(), "/user_id or /members/* = uid");
    let read = delete.ownership.check_owner_before_write.as_ref().unwrap();
    assert_eq!(read.fill(|_| Some("a/b")), Some("/orders/a%2Fb".into()));
    assert_eq!(&*policy.table(None).route(&Method::POST, "/orders/7").0.name, "*");
}

#[test]
fn file_and_document_add_up_and_may_not_differ() {
    let both =
        "[[route]]\npath = '/orders/{order}'\nbind = { 'path.order' = 'sub' }\nlimits = ['5 per hour']";
    let policy = with_document(ORDERS, both).unwrap();
    let get = policy.table(None).route(&Method::GET, "/orders/7").0;
    assert!(get.ownership.owner.is_some() && get.ownership.bind.len() == 1 && get.rate.limits.len() == 2);
    let put = policy.table(None).route(&Method::PUT, "/orders/7").0;
    assert!(put.ownership.owner.is_none() && put.ownership.bind.len() == 1);
    let error = with_document(ORDERS, "[[route]]\npath = '/orders/{id}'\nowner = '/other'").unwrap_err();
    assert!(
        error.lines().contains(
            "doorward.toml:9:9: `owner` here is not the `owner` of x-doorward in the document at 6:7"
        ),
        "{}",
        error.lines()
    );
}

#[test]
fn what_is_wrong_beside_an_operation_has_its_place() {
    for (from, to, expected) in [
        ("owner: /user_id", "ownr: /user_id", "api.yaml:6:7: x-doorward: unknown field `ownr`"),
        ("owner: /user_id", "owner: user_id", "api.yaml:6:7: x-doorward: `user_id` is not a JSON Pointer"),
        (
            "check_owner_before_write: true",
            "check_owner_before_write: '/x/{y}'",
            "api.yaml:9:21: nothing says what `{y}` is",
        ),
        (
            "      owner: /user_id",
            "      bind: { body./a: sub }\n      body: stream",
            "api.yaml:7:7: what is compared in a body has to be read",
        ),
        (
            "auth: required",
            "auth: off",
            "api.yaml:2:15: this route compares with claims but looks at no credential",
        ),
        ("{ auth: required }", "7", "api.yaml:2:1: `x-doorward` is not an object"),
    ] {
        let error = with_document(&ORDERS.replace(from, to), "").unwrap_err();
        assert!(error.lines().contains(expected), "{to}: {}", error.lines());
        assert_eq!(error.lines().matches(expected).count(), 1, "{to}: {}", error.lines());
    }
}

#[test]
fn references_reach_other_files() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("api.yaml", "openapi: 3.0.3\npaths: { /a: { $ref: 'paths/a.yaml' } }");
    std::fs::create_dir(directory.path().join("paths")).unwrap();
    write(
        "paths/a.yaml",
        "post: { requestBody: { content: { application/json: { schema: { $ref: '../schemas.yaml#/A' } } } }, responses: {} }",
    );
    write(
        "schemas.yaml",
        "A: { type: object, properties: { b: { $ref: '#/B' } } }\nB: { type: integer, maximum: 5 }",
    );
    let read = || {
        load(&Inputs {
            openapi: Some(directory.path().join("api.yaml")),
            upstream: vec!["http://127.0.0.1:1".into()],
            ..Inputs::default()
        })
    };
    let mut policy = read().unwrap();
    assert_eq!(policy.files.len(), 3);
    let document = policy.documents.remove(0).unwrap();
    let openapi::Found::Operation(operation, ..) = document.find(&Method::POST, "/a") else { panic!() };
    let media = &operation.body.as_ref().unwrap().content[0];
    assert_eq!(media.errors(&serde_json::json!({ "b": 6 }), 5).len(), 1);
    assert!(media.errors(&serde_json::json!({ "b": 5 }), 5).is_empty());
    write("schemas.yaml", "A: { type: 7 }");
    assert!(
        read().unwrap_err().lines().contains("the schema is not valid"),
        "{}",
        read().unwrap_err().lines()
    );
    std::fs::remove_file(directory.path().join("schemas.yaml")).unwrap();
    assert!(read().unwrap_err().lines().contains("a.yaml:1:"), "{}", read().unwrap_err().lines());
}

#[test]
fn references_to_other_machines_lead_to_copies() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    std::fs::create_dir(directory.path().join("vendor")).unwrap();
    write("vendor/a.yaml", "A: { type: integer, maximum: 5 }");
    write("secret.yaml", "A: {}");
    let read = |reference: &str, references: &str| {
        write(
            "api.yaml",
            &format!(
                "openapi: 3.1.0\npaths: {{ /a: {{ post: {{ requestBody: {{ content: {{ application/json: {{ schema: {{ $ref: '{reference}' }} }} }} }}, responses: {{}} }} }} }}"
            ),
        );
        write("doorward.toml", &format!("[gateway]\nopenapi = 'api.yaml'\n{references}"));
        load(&Inputs { file: Some(directory.path().join("doorward.toml")), ..Inputs::default() })
    };
    let known = "references = { 'https://schemas.example/v1/' = 'vendor' }";
    let mut policy = read("https://schemas.example/v1/a.yaml#/A", known).unwrap();
    let document = policy.documents.remove(0).unwrap();
    let openapi::Found::Operation(operation, ..) = document.find(&Method::POST, "/a") else { panic!() };
    assert_eq!(operation.body.as_ref().unwrap().content[0].errors(&serde_json::json!(6), 5).len(), 1);
    for (reference, references) in [
        ("https://schemas.example/v1/a.yaml#/A", ""),
        ("https://elsewhere.example/a.yaml#/A", known),
        ("https://schemas.example/v1/../secret.yaml#/A", known),
        ("file:///etc/passwd", known),
    ] {
        let lines = read(reference, references).unwrap_err().lines();
        assert!(lines.contains("api.yaml:2:") && lines.contains("[gateway.references]"), "{lines}");
    }
}

#[test]
fn an_auditor_names_what_is_open() {
    let text = "openapi: 3.1.0
servers: [{ url: http://api.example }]
components: { securitySchemes: { key: { type: apiKey, in: query, name: k } } }
paths:
  /users/{user_id}:
    parameters: [{ name: user_id, in: path, required: true, schema: { type: integer } }]
    get: { responses: { '200': { content: { application/json: { schema: { properties: { password: { type: string } } } } } } } }
    put:
      requestBody: { content: { application/json: { schema: { type: object, properties: { name: { type: string }, role: { type: string, maxLength: 9 }, tags: { type: array, items: { type: string, maxLength: 5 } } } } } } }
      responses: { '200': {}, '429': {} }
  /fine/{id}:
    get:
      security: [{ key: [] }]
      x-doorward: { owner: /user_id }
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { '200': {}, 4XX: {} }
";
    let policy = with_document(text, "").unwrap();
    let audit = crate::audit(policy.document(0).unwrap(), 0, &policy);
    let said = |rule: &str| {
        let found = audit.findings.iter().find(|f| f.rule == rule);
        found.map(|f| (f.severity.name(), f.problem.position().unwrap().0))
    };
    for (rule, expected) in [
        ("cleartext-server", ("error", 2)),
        ("key-in-query", ("error", 3)),
        ("write-without-auth", ("error", 8)),
        ("secret-shown", ("error", 7)),
        ("id-without-owner", ("warning", 7)),
        ("writable-privilege", ("warning", 9)),
        ("unbounded-array", ("warning", 9)),
        ("unbounded-string", ("note", 9)),
        ("no-429", ("note", 7)),
    ] {
        assert_eq!(said(rule), Some(expected), "{rule}: {:#?}", audit.findings);
    }
    assert_eq!(audit.grade(), 'F');
    assert!(audit.findings.iter().all(|f| !f.problem.message().contains("/fine")), "{:#?}", audit.findings);
}

#[test]
fn an_overlay_says_what_the_document_may_not() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).unwrap();
        directory.path().join(name)
    };
    let key = "[[auth.api_key]]\nsubject = 'a'\nsha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'";
    let document = "openapi: 3.1.0\npaths: { '/a/{id}': { get: { responses: {} }, delete: { responses: {} } }, /b: { get: { responses: {} } } }";
    let inputs = Inputs {
        file: Some(write("doorward.toml", key)),
        upstream: vec!["http://127.0.0.1:1".into()],
        openapi: Some(write("api.yaml", document)),
        overlay: vec![directory.path().join("overlay.yaml")],
        ..Inputs::default()
    };
    let overlay = |actions: &str| {
        write("overlay.yaml", &format!("overlay: 1.0.0\nactions:\n{actions}"));
        load(&inputs)
    };
    let policy = overlay("  - { target: \"$.paths['/a/{id}'].*\", update: { x-doorward: { owner: /user_id } } }\n  - { target: \"$.paths['/b']\", remove: true }").unwrap();
    assert!(policy.table(None).route(&Method::DELETE, "/a/7").0.ownership.owner.is_some());
    assert_eq!(policy.document(0).unwrap().operations().count(), 2);
    assert_eq!(policy.files.len(), 3, "policy, document and overlay are watched");
    for (actions, expected) in [
        ("  - { target: '$.nothing', update: {} }", "overlay.yaml:3:7: `$.nothing` selects nothing"),
        ("  - { target: '$.[', update: {} }", "overlay.yaml:3:7: `$.[` is not a JSONPath"),
        (
            "  - { target: '$.paths.*.get',\n      update: { x-doorward: { ownr: /a } } }",
            "overlay.yaml:4:31: x-doorward: unknown field `ownr`",
        ),
    ] {
        let error = overlay(actions).unwrap_err();
        assert!(error.lines().contains(expected), "{}", error.lines());
    }
}

#[test]
fn an_object_that_is_read_first_has_to_name_its_owner() {
    let without = ORDERS.replace("owner: /user_id", "auth: required");
    let without = without.replace(", owner: { field: [/user_id, '/members/*'], claim: uid }", "");
    let error = with_document(&without, "").unwrap_err();
    let expected = "api.yaml:9:21: nothing says where the answer of GET /orders/{id} names its owner";
    assert!(error.lines().contains(expected), "{}", error.lines());
}

#[test]
fn an_address_for_which_browsers_have_no_passkeys_is_told() {
    for (url, is_told) in [
        ("https://shop.example", false),
        ("http://localhost:8080", false),
        ("https://192.0.2.7", true),
        ("https://[2001:db8::7]:8443", true),
        ("http://127.0.0.1:8080", true),
    ] {
        let policy = compile(&format!("[auth]\nservice = true\npublic_url = '{url}'")).unwrap();
        let told: Vec<String> = policy.notices.iter().map(|notice| notice.line()).collect();
        assert_eq!(told.iter().any(|line| line.contains("no passkeys")), is_told, "{url}: {told:?}");
    }
}
