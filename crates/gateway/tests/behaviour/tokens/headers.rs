//! Headers of tokens: extensions, compression, names that stand there twice, types.

use std::io::Write;

use serde_json::json;

use super::{Door, FOREIGN, OURS, Tokens, everybody, write};
use crate::issuers::{Issuer, Key};

#[test]
fn what_a_header_asks_for_is_understood_or_refused() {
    for door in everybody() {
        let mut tokens = Tokens::new();
        for issuer in &door.issuers {
            for more in [
                r#","crit":["exp"],"exp":1"#,
                r#","crit":["b64"],"b64":false"#,
                r#","crit":["b64"],"b64":true"#,
                r#","crit":["http://example.org/unknown"],"http://example.org/unknown":true"#,
                r#","crit":["alg"]"#,
                r#","crit":[]"#,
                r#","crit":["b64","b64"],"b64":false"#,
                r#","crit":"b64""#,
                r#","crit":null"#,
                r#","crit":[],"crit":["b64"]"#,
                r#","b64":false"#,
                r#","zip":"DEF""#,
                r#","kid":"other""#,
                r#","typ":"JWT""#,
                r#","jku":"https://a.example","jku":"https://b.example""#,
                r#","x":1,"x":2"#,
                r#","x":{"a":1,"a":2}"#,
            ] {
                let header = issuer.header(more);
                tokens.push((header.clone(), issuer.key.sign(&header, issuer.claims().to_string())));
            }
            let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            deflated.write_all(issuer.claims().to_string().as_bytes()).unwrap();
            let deflated = deflated.finish().unwrap();
            tokens.push(("compressed".into(), issuer.key.sign(&issuer.header(r#","zip":"DEF""#), &deflated)));
            tokens.push(("compressed and silent".into(), issuer.sign(&deflated)));
            let (alg, kid) = (issuer.key.alg(), issuer.key.kid);
            for typ in [
                r#""JWE""#,
                r#""logout+jwt""#,
                r#""application/logout+jwt""#,
                r#""LOGOUT+JWT""#,
                r#""dpop+jwt""#,
                r#""secevent+jwt""#,
                r#""oauth-authz-req+jwt""#,
                r#""id_token+jwt""#,
                r#""refresh+jwt""#,
                r#""at+jwt ""#,
                "7",
                "null",
                r#"["JWT"]"#,
            ] {
                let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":{typ}}}"#);
                tokens.push((header.clone(), issuer.key.sign(&header, issuer.claims().to_string())));
            }
            if issuer.name == OURS {
                for header in [r#","typ":"JWT""#, r#","typ":"JOSE""#, ""] {
                    let header = format!(r#"{{"alg":"{alg}","kid":"{kid}"{header}}}"#);
                    tokens.push((header.clone(), issuer.key.sign(&header, issuer.claims().to_string())));
                }
                let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#);
                tokens.push(("no kid".into(), issuer.key.sign(&header, issuer.claims().to_string())));
            }
        }
        door.refuses(&tokens);
    }
    // What honest issuers write: with certificates of theirs, an address of their keys, or next to nothing.
    let door = Door::foreign();
    let mut tokens = Tokens::new();
    for issuer in &door.issuers {
        let (alg, kid) = (issuer.key.alg(), issuer.key.kid);
        for more in [
            "",
            r#","typ":"JWT""#,
            r#","typ":"jwt""#,
            r#","typ":"JOSE""#,
            r#","typ":"at+jwt""#,
            r#","typ":"application/at+jwt""#,
            r#","x5t":"dGh1bWJwcmludA""#,
            r#","jku":"https://issuer.example/jwks.json""#,
            r#","kty":"x","ver":"1.0","x":{"a":[1,{"b":2}]}"#,
        ] {
            let header = format!(r#"{{"alg":"{alg}","kid":"{kid}"{more}}}"#);
            tokens.push((header.clone(), issuer.key.sign(&header, issuer.claims().to_string())));
            let header = format!(r#"{{"alg":"{alg}"{more}}}"#);
            tokens.push((header.clone(), issuer.key.sign(&header, issuer.claims().to_string())));
        }
    }
    door.passes(&tokens);
}

#[test]
fn a_policy_can_ask_for_one_type_of_token() {
    let directory = tempfile::tempdir().unwrap();
    let key = Key::ed25519("ed");
    write(directory.path(), "keys.json", json!({ "keys": [key.jwk] }).to_string().as_bytes());
    let policy = format!(
        "[auth]\nrequire = 'required'\ncookie = 'session'\n[[auth.issuer]]\nissuer = '{FOREIGN}'\naudience = 'api'\n\
         jwks = 'keys.json'\ntyp = ['at+jwt']\n"
    );
    let door = Door::open(directory, &policy, |_| {
        vec![Issuer { key, name: FOREIGN, audience: "api", typ: "at+jwt" }]
    });
    let issuer = &door.issuers[0];
    let typed =
        |typ: &str| issuer.key.sign(&format!(r#"{{"alg":"EdDSA"{typ}}}"#), issuer.claims().to_string());
    let refused = ["", r#","typ":"JWT""#, r#","typ":"JOSE""#].map(|typ| (typ.to_owned(), typed(typ)));
    door.refuses(&refused);
    let passed = [r#","typ":"at+jwt""#, r#","typ":"application/AT+JWT""#];
    door.passes(&passed.map(|typ| (typ.to_owned(), typed(typ))));
}
