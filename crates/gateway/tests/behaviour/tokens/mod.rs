//! Attacks on tokens, against issuers of every kind of key and against the user service's own. Whatever an attack needs is
//! given to it, the signature included: what is refused here is refused for what it says. Beside the attacks stand the honest
//! tokens that look like them.

mod claims;
mod headers;
mod service;
mod shapes;

use std::io::Write;
use std::path::Path;

use jsonwebtoken::Algorithm;
use policy::Inputs;
use serde_json::json;

use crate::issuers::{Issuer, Key, base64url};
use crate::support::{Recorder, Running, status};

/// What is presented, by what it is called.
type Tokens = Vec<(String, String)>;

/// A gateway that wants a token everywhere, and whoever's tokens it takes.
struct Door {
    gate: Running,
    upstream: Recorder,
    issuers: Vec<Issuer>,
    _directory: tempfile::TempDir,
}

const FOREIGN: &str = "https://issuer.example";
const OURS: &str = "http://localhost:8080";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

impl Door {
    /// In front of an issuer with keys in a set and keys given one by one.
    fn foreign() -> Door {
        let directory = tempfile::tempdir().unwrap();
        let keys = [Key::ed25519("ed"), Key::p256("ec"), Key::rsa("rsa"), Key::secret("hs", SECRET)];
        let set = json!({ "keys": [keys[0].jwk, keys[1].jwk] });
        write(directory.path(), "keys.json", set.to_string().as_bytes());
        write(directory.path(), "rsa.pem", &keys[2].public[0].1);
        write(directory.path(), "hs.secret", SECRET);
        let policy = format!(
            "[auth]\nrequire = 'required'\ncookie = 'session'\n[[auth.issuer]]\nissuer = '{FOREIGN}'\n\
             audience = ['api', 'reports']\njwks = 'keys.json'\n\
             [[auth.issuer.key]]\nkid = 'rsa'\nalgorithm = 'RS256'\npublic_key = 'rsa.pem'\n\
             [[auth.issuer.key]]\nkid = 'hs'\nalgorithm = 'HS256'\nsecret_file = 'hs.secret'\n"
        );
        let issuer = |key| Issuer { key, name: FOREIGN, audience: "api", typ: "JWT" };
        Door::open(directory, &policy, |_| keys.map(issuer).into())
    }

    /// In front of the user service; whoever forges has stolen its key.
    fn own(more: &str) -> Door {
        let policy = format!(
            "[auth]\nservice = true\nrequire = 'required'\npublic_url = '{OURS}'\n[auth.accounts]\nregistration = 'open'\n\
             [auth.passwords]\nmemory_kib = 8\npasses = 1\n{more}"
        );
        Door::open(tempfile::tempdir().unwrap(), &policy, |directory| {
            let key = Key::of_service(directory);
            vec![Issuer { key, name: OURS, audience: OURS, typ: "at+jwt" }]
        })
    }

    fn open(directory: tempfile::TempDir, policy: &str, issuers: impl FnOnce(&Path) -> Vec<Issuer>) -> Door {
        let upstream = Recorder::plain();
        let file = directory.path().join("doorward.toml");
        std::fs::write(&file, format!("[rate]\nlimits = []\nlogin = []\n{policy}")).unwrap();
        let gate = Running::from_file(&file, &[upstream.url()]);
        let issuers = issuers(directory.path());
        Door { gate, upstream, issuers, _directory: directory }
    }

    fn bearer(&self, target: &str, token: &str) -> u16 {
        status(&self.gate.ask("GET", target, &[("Authorization", &format!("Bearer {token}"))], b""))
    }

    fn cookie(&self, token: &str) -> u16 {
        let name = if self.issuers[0].name == OURS { "__Host-access" } else { "session" };
        status(&self.gate.ask("GET", "/orders", &[("Cookie", &format!("{name}={token}"))], b""))
    }

    /// Each is refused, however it is presented, and those who are honest still get through.
    fn refuses(&self, tokens: &[(String, String)]) {
        self.upstream.take();
        for (what, token) in tokens {
            assert_eq!(self.bearer("/orders", token), 401, "{what}: {token}");
            assert_eq!(self.cookie(token), 401, "{what}, in a cookie: {token}");
            if self.issuers[0].name == OURS {
                assert_eq!(self.bearer("/auth/account", token), 401, "{what}, at the service: {token}");
            }
        }
        assert_eq!(self.upstream.take(), "", "the API has heard nothing");
        self.honest_pass();
    }

    fn honest_pass(&self) {
        for issuer in &self.issuers {
            let token = issuer.honest();
            assert_eq!(self.bearer("/orders", &token), 200, "{}: {token}", issuer.key.kid);
            assert_eq!(self.cookie(&token), 200, "{}: {token}", issuer.key.kid);
        }
        self.upstream.take();
    }

    fn passes(&self, tokens: &[(String, String)]) {
        for (what, token) in tokens {
            assert_eq!(self.bearer("/orders", token), 200, "{what}: {token}");
        }
    }
}

fn write(directory: &Path, name: &str, content: &[u8]) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(directory.join(name)).unwrap();
    file.write_all(content).unwrap();
}

/// The foreign issuer and our own service.
fn everybody() -> [Door; 2] {
    [Door::foreign(), Door::own("")]
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn a_token_without_a_signature_is_no_token() {
    for door in everybody() {
        let mut tokens = Tokens::new();
        for issuer in &door.issuers {
            let honest = issuer.honest();
            let [_, claims, signature] = parts(&honest);
            let (alg, kid) = (issuer.key.alg(), issuer.key.kid);
            for header in [
                r#"{"alg":"none"}"#.to_owned(),
                format!(r#"{{"alg":"none","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"None","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"NONE","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"nOnE","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"none ","kid":"{kid}"}}"#),
                format!(r#"{{"alg":" none","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"none\u0000","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"\u006eone","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"","kid":"{kid}"}}"#),
                format!(r#"{{"alg":null,"kid":"{kid}"}}"#),
                format!(r#"{{"alg":0,"kid":"{kid}"}}"#),
                format!(r#"{{"alg":["{alg}"],"kid":"{kid}"}}"#),
                format!(r#"{{"alg":"{alg} ","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"{}","kid":"{kid}"}}"#, alg.to_lowercase()),
                format!(r#"{{"Alg":"{alg}","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"none","alg":"{alg}","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"{alg}","alg":"none","kid":"{kid}"}}"#),
                format!(r#"{{"kid":"{kid}"}}"#),
                "{}".to_owned(),
            ] {
                let forged = format!("{}.{claims}", base64url(&header));
                for end in [String::new(), ".".into(), format!(".{signature}"), ".eA".into()] {
                    tokens.push((header.clone(), format!("{forged}{end}")));
                }
                // Signed for real, as only a careless issuer would.
                tokens.push((
                    format!("signed {header}"),
                    issuer.key.sign(&header, issuer.claims().to_string()),
                ));
            }
        }
        door.refuses(&tokens);
    }
}

#[test]
fn a_public_key_is_no_secret() {
    for door in everybody() {
        let mut tokens = Tokens::new();
        for issuer in &door.issuers {
            let (claims, kid) = (issuer.claims().to_string(), issuer.key.kid);
            for (form, bytes) in &issuer.key.public {
                for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                    for named in [format!(r#","kid":"{kid}""#), String::new(), r#","kid":"hs""#.into()] {
                        let header = format!(r#"{{"alg":"{algorithm:?}"{named},"typ":"{}"}}"#, issuer.typ);
                        let forged = Key::secret("", bytes).sign_as(algorithm, &header, &claims);
                        tokens.push((format!("{form} of {kid} as secret of {algorithm:?}{named}"), forged));
                    }
                }
            }
            // The key of one algorithm under the name of another.
            for other in ["EdDSA", "ES256", "ES384", "RS256", "RS384", "PS256", "HS256"] {
                if other != issuer.key.alg() {
                    let header = format!(r#"{{"alg":"{other}","kid":"{kid}","typ":"{}"}}"#, issuer.typ);
                    tokens.push((format!("{kid} as {other}"), issuer.key.sign(&header, &claims)));
                }
            }
            if issuer.key.algorithm == Algorithm::RS256 {
                let header = r#"{"alg":"PS256","kid":"rsa"}"#;
                tokens.push(("PS256".into(), issuer.key.sign_as(Algorithm::PS256, header, &claims)));
            }
        }
        door.refuses(&tokens);
    }
}

#[test]
fn a_token_does_not_say_where_its_key_is() {
    for door in everybody() {
        // Who asks here has believed a token.
        let bait = Recorder::start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        let url = bait.url();
        let mut tokens = Tokens::new();
        for issuer in &door.issuers {
            let (claims, typ, kid) = (issuer.claims().to_string(), issuer.typ, issuer.key.kid);
            for name in [
                "../../dev/null",
                "/dev/null",
                "../../../../../../proc/sys/kernel/randomize_va_space",
                "keys.json",
                "' OR '1'='1",
                "x' UNION SELECT 'secret';--",
                "ed'; DROP TABLE keys;--",
                "$(id)",
                "|id",
                &format!("{url}/key"),
                "*",
                "",
                &format!("{kid} "),
                &format!("{kid}\\u0000"),
                &kid.to_uppercase(),
                &"x".repeat(4000),
            ] {
                for secret in [&b""[..], b"\0", b"secret", b"0", b"1"] {
                    let header = format!(r#"{{"alg":"HS256","kid":"{name}","typ":"{typ}"}}"#);
                    tokens.push((header.clone(), Key::secret("", secret).sign(&header, &claims)));
                }
                let header = format!(r#"{{"alg":"{}","kid":"{name}","typ":"{typ}"}}"#, issuer.key.alg());
                tokens.push((header.clone(), issuer.key.sign(&header, &claims)));
            }
            for name in ["7", "true", "null", r#"["ed"]"#, r#"{"kid":"ed"}"#] {
                let header = format!(r#"{{"alg":"{}","kid":{name},"typ":"{typ}"}}"#, issuer.key.alg());
                tokens.push((header.clone(), issuer.key.sign(&header, &claims)));
            }
            for stranger in [Key::ed25519("ed"), Key::p256("ec"), Key::rsa("rsa")] {
                let alg = stranger.alg();
                let certificate = stranger.public[3].1.clone();
                let certificate = String::from_utf8(certificate).unwrap();
                for more in [
                    String::new(),
                    format!(r#","jwk":{}"#, stranger.jwk),
                    format!(r#","jku":"{url}/jwks.json""#),
                    format!(r#","x5u":"{url}/chain.pem""#),
                    format!(r#","x5c":["{certificate}"]"#),
                    format!(r#","jwk":{},"jku":"{url}","x5u":"{url}","x5c":["{certificate}"]"#, stranger.jwk),
                ] {
                    for named in [kid, "ed", "ec", "rsa", "stranger"] {
                        let header = format!(r#"{{"alg":"{alg}","kid":"{named}","typ":"{typ}"{more}}}"#);
                        tokens.push((header.clone(), stranger.sign(&header, &claims)));
                    }
                    let header = format!(r#"{{"alg":"{alg}","typ":"{typ}"{more}}}"#);
                    tokens.push((header.clone(), stranger.sign(&header, &claims)));
                }
            }
        }
        door.refuses(&tokens);
        assert_eq!(bait.take(), "", "nobody has fetched anything");
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_an_error_of_the_policy() {
    let directory = tempfile::tempdir().unwrap();
    let key = |file: &str, more: &str| {
        format!(
            "[[auth.issuer]]\nissuer = 'a'\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = '{file}'\n{more}"
        )
    };
    let load = |secret: &[u8], more: &str| {
        write(directory.path(), "secret", secret);
        let file = directory.path().join("doorward.toml");
        std::fs::write(&file, key("secret", more)).unwrap();
        policy::load(&Inputs {
            file: Some(file),
            upstream: vec!["http://127.0.0.1:1".into()],
            ..Inputs::default()
        })
        .map(|_| ())
        .map_err(|e| e.lines().to_string())
    };
    let weak: [(&[u8], &str); 6] = [
        (b"secret", ""),
        (b"", ""),
        (b"0123456789abcdef0123456789abcde", ""),
        (b"0123456789abcdef               \n", ""),
        (&[0; 64], ""),
        (&[0; 64], "weak = 'accept'"),
    ];
    for (secret, more) in weak {
        let refused = load(secret, more).unwrap_err();
        assert!(refused.contains("32 bytes") && refused.contains("openssl rand"), "{secret:?}: {refused}");
    }
    assert_eq!(load(SECRET, ""), Ok(()));
    assert_eq!(load(b"secret", "weak = 'accept'"), Ok(()), "known, and named at each start");
    // And a public key is read as such alone.
    let public = &Key::rsa("rsa").public[0].1;
    write(directory.path(), "rsa.pem", public);
    let wrong = key("rsa.pem", "").replace("HS256", "RS256");
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, wrong).unwrap();
    assert!(policy::load(&Inputs { file: Some(file), ..Inputs::default() }).is_err());
}
