//! Claims of tokens, each in every form that some reader takes for another.

use std::path::Path;

use serde_json::{Value, json};

use super::{Door, FOREIGN, OURS, Tokens, everybody, write};
use crate::issuers::{Issuer, Key, now};

#[test]
fn claims_are_times_names_and_places_or_nothing() {
    for door in everybody() {
        let (mut refused, mut passed) = (Tokens::new(), Tokens::new());
        for issuer in &door.issuers {
            let (now, audience, name) = (now(), issuer.audience, issuer.name);
            let one = |claim: &str, value: Value| {
                (format!("{claim} {value}"), issuer.sign(issuer.with(&[(claim, value)]).to_string()))
            };
            // As it is written, in place of a member or beside it.
            let written = |claim: &str, text: &str| {
                let rest = issuer.with(&[(claim, Value::Null)]).to_string();
                (format!("{claim}: {text}"), issuer.sign(format!(r#"{{"{claim}":{text},{}"#, &rest[1..])))
            };
            let beside = |text: &str| {
                (text.to_owned(), issuer.sign(format!("{{{text},{}", &issuer.claims().to_string()[1..])))
            };
            for value in [
                json!(now - 3600),
                json!(now as f64 - 3600.5),
                json!(0),
                json!(-1),
                json!(-1e18),
                json!((now + 600).to_string()),
                json!("2099-01-01T00:00:00Z"),
                json!(""),
                json!(true),
                json!([now + 600]),
                json!({ "a": 1 }),
                json!((now + 600) * 1000),
                json!(253_402_300_800_u64),
                json!(u64::MAX),
                json!(1e300),
            ] {
                refused.push(one("exp", value));
            }
            for text in [
                "null",
                "1e400",
                "-1e400",
                "123456789012345678901234567890",
                "NaN",
                "0x7fffffff",
                "+9999999999",
            ] {
                refused.push(written("exp", text));
            }
            for claim in ["exp", "sub", "aud", "iss"] {
                refused.push(one(claim, Value::Null));
                refused.push(written(claim, "null"));
            }
            for claim in ["nbf", "iat"] {
                for value in [json!(now + 3600), json!(now as f64 + 3600.5), json!(u64::MAX), json!(1e300)] {
                    refused.push(one(claim, value));
                }
            }
            for value in [json!("2020-01-01"), json!(now.to_string()), json!([now]), json!(false)] {
                refused.push(one("nbf", value));
            }
            for value in [
                json!("other"),
                json!(["other"]),
                json!([[audience]]),
                json!({ audience: true }),
                json!({ "0": audience }),
                json!(format!("{audience} ")),
                json!(format!("{audience}/")),
                json!(audience.to_uppercase()),
                json!(format!("x {audience}")),
                json!(format!("{audience},x")),
                json!(""),
                json!([]),
                json!(["other", [audience]]),
                json!(7),
                json!(true),
                json!("*"),
            ] {
                refused.push(one("aud", value));
            }
            for value in [
                json!(format!("{name}/")),
                json!(format!("{name}.evil.example")),
                json!(format!("{name}#")),
                json!(format!("{name}?")),
                json!(format!("{name} ")),
                json!(name.to_uppercase()),
                json!(&name[..name.len() - 1]),
                json!(name.replace("://", "://x@")),
                json!([name]),
                json!({ "iss": name }),
                json!(""),
                json!(7),
            ] {
                refused.push(one("iss", value));
            }
            for value in [
                json!(""),
                json!("  "),
                json!("7\r\nX-Admin: 1"),
                json!("7\0"),
                json!("\u{7f}"),
                json!(["7"]),
                json!({ "id": 7 }),
                json!(true),
                json!(7.5),
                json!(1e30),
            ] {
                refused.push(one("sub", value));
            }
            refused.push(written("sub", "123456789012345678901234567890"));
            for text in [
                r#""sub":"admin""#,
                r#""exp":9999999999"#,
                r#""roles":["admin"]"#,
                r#""iss":"https://evil.example""#,
                r#""iat":1"#,
                r#""x":1,"x":2"#,
                r#""x":{"a":1,"\u0061":2}"#,
                r#""x":[{"a":1,"a":2}]"#,
                r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}}"#,
                r#""events":{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{}}"#,
            ] {
                refused.push(beside(text));
            }
            let claims = issuer.claims().to_string();
            for (what, text) in [
                ("a list", format!("[{claims}]")),
                ("a text", json!(claims).to_string()),
                ("a number", "7".into()),
                ("nothing", "null".into()),
                ("empty", String::new()),
                ("no members", "{}".into()),
                ("twice", format!("{claims}{claims}")),
                ("with a mark in front", format!("\u{feff}{claims}")),
                ("with a comment", format!("/**/{claims}")),
                ("with a comma", claims.replacen('}', ",}", 1)),
                ("cut", claims[..claims.len() - 1].to_owned()),
                ("deep", format!(r#"{{"x":{}{},{}"#, "[".repeat(1500), "]".repeat(1500), &claims[1..])),
                ("in UTF-7", claims.replace('{', "+AHs-")),
            ] {
                refused.push((what.to_owned(), issuer.sign(text)));
            }
            let latin1: Vec<u8> = claims.replace("clerk", "cl\u{e9}rk").chars().map(|c| c as u8).collect();
            let utf16: Vec<u8> = claims.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for (what, bytes) in
                [("in Latin 1", latin1), ("in UTF-16", utf16), ("as half a text", b"{\"sub\":\"7".to_vec())]
            {
                refused.push((what.to_owned(), issuer.sign(bytes)));
            }
            passed.extend([
                one("aud", json!(["other", audience])),
                one("aud", json!([audience])),
                one("exp", json!(now + 60)),
                one("exp", json!(now as f64 + 60.5)),
                one("exp", json!(now + 10 * 365 * 86_400)),
                one("nbf", Value::Null),
                one("nbf", json!(now as f64 - 0.5)),
                one("iat", json!(now + 10)),
                one("sub", json!(7)),
                one("sub", json!("auth0|7 \u{e4}")),
                one("events", json!(["created", "deleted"])),
                one("events", json!({})),
                one("nonce", json!({ "deep": [[[[1.5, null, true]]]] })),
            ]);
            if issuer.name != OURS {
                passed.push(one("aud", json!("reports")));
                passed.push(one("iat", Value::Null));
            }
        }
        door.refuses(&refused);
        door.passes(&passed);
    }
}

#[test]
fn a_lifetime_of_the_policy_bounds_what_never_ends() {
    let directory = tempfile::tempdir().unwrap();
    let key = Key::ed25519("ed");
    write(directory.path(), "keys.json", json!({ "keys": [key.jwk] }).to_string().as_bytes());
    let policy = format!(
        "[auth]\nrequire = 'required'\ncookie = 'session'\n[[auth.issuer]]\nissuer = '{FOREIGN}'\naudience = 'api'\n\
         jwks = 'keys.json'\nmax_lifetime = '15m'\n"
    );
    let issuers = |_: &Path| vec![Issuer { key, name: FOREIGN, audience: "api", typ: "JWT" }];
    let door = Door::open(directory, &policy, issuers);
    let issuer = &door.issuers[0];
    let with = |changes: &[(&str, Value)]| issuer.sign(issuer.with(changes).to_string());
    let (now, never) = (now(), json!(4_102_444_800_000_u64));
    door.passes(&[("milliseconds, but fresh".into(), with(&[("exp", never.clone())]))]);
    let refused = [
        ("old", with(&[("exp", never.clone()), ("iat", json!(now - 3600))])),
        ("without a time", with(&[("exp", never.clone()), ("iat", Value::Null)])),
        ("with a text as time", with(&[("exp", never.clone()), ("iat", json!(now.to_string()))])),
        ("of another clock", with(&[("exp", never), ("iat", json!(now * 1000))])),
    ];
    door.refuses(&refused.map(|(what, token)| (what.to_owned(), token)));
}
