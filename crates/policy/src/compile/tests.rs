use super::*;
use crate::Door;
use crate::Mode;
use crate::config::BodyHandling;
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
    let login = policy.route(&Method::POST, "/api/login");
    assert_eq!(&*login.name, "login");
    assert_eq!(login.max_body, crate::ByteSize::kib(8));
    assert_eq!(login.limits.len(), 2);
    assert_eq!(&*policy.route(&Method::GET, "/api/login").name, "*");
    assert!(Door::ALL.iter().all(|d| login.modes.of(*d) == Mode::Enforce));
}

#[test]
fn a_route_differs_only_where_it_says() {
    let policy = compile(
        "[doors]\ninjection = 'observe'\n[[route]]\npath = '/upload/**'\nbody = 'stream'\ndoors = { cors = 'off' }\n[[route]]\npath='/login'\nlimits=['1 per day by global']",
    )
    .unwrap();
    let upload = policy.route(&Method::PUT, "/upload/a/b");
    assert_eq!(upload.body, BodyHandling::Stream);
    assert_eq!(upload.modes.of(Door::Cors), Mode::Off);
    assert_eq!(upload.modes.of(Door::Injection), Mode::Observe);
    assert_eq!(policy.route(&Method::POST, "/login").limits.len(), 3, "a login route keeps the login limits");
}

#[test]
fn problems_have_a_place_and_a_mend() {
    for (text, position, words) in [
        ("[gatway]\nlisten = []", (1, 2), "did you mean `gateway`"),
        ("[cors]\norigins = ['https://*.com']", (2, 11), "top-level domain"),
        ("[cors]\ncredentials = true\norigins = ['*']", (3, 11), "list the origins"),
        ("[rate]\nlimits = ['many per day']", (2, 10), "no number"),
        ("[doors]\ncorz = 'off'", (2, 1), "cors"),
        ("[[route]]\npath = 'users'", (2, 8), "begin with"),
        ("[[route]]\npath = '/u/{id}'\nbind = { 'path.uid' = 'sub' }", (3, 23), "path.NAME"),
        ("[gateway]\nupgrades = ['h2c']", (2, 13), "h2c"),
        ("[protocol]\nmax_body = '1 parsec'", (2, 12), "parsec"),
        ("[gateway\n", (1, 9), ""),
        ("[[auth.issuer]]\njwks = 'http://keys.example/jwks'", (2, 8), "https"),
        ("[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'none'\n", (3, 13), "EdDSA"),
        ("[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret = 'x'", (4, 1), "secret_file"),
    ] {
        let Err(error) = compile(text) else { unreachable!("accepted: {text}") };
        let problem = &error.problems[0];
        assert_eq!(problem.position(), Some(position), "{text}: {problem}");
        assert!(error.lines().contains(words), "{text}: {}", error.lines());
    }
}

#[test]
fn every_problem_is_named_at_once() {
    let error =
        compile("[headers]\nremove = ['no good']\n[[route]]\npath = 'a'\n[[route]]\npath = 'b'").unwrap_err();
    assert_eq!(error.problems.len(), 3, "{}", error.lines());
}
