//! What is not a token in its one form: parts, signatures, Base64, length.

use serde_json::json;

use super::{Tokens, everybody, parts};
use crate::issuers::base64url;

#[test]
fn what_is_not_three_parts_in_their_one_form_is_no_token() {
    for door in everybody() {
        let mut tokens = Tokens::new();
        for issuer in &door.issuers {
            let honest = issuer.honest();
            let [head, claims, signature] = parts(&honest);
            let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            // The same bytes with bits that are not used, where there are some.
            let uncanonical = |part: &str| {
                let (rest, last) = part.split_at(part.len() - 1);
                let unused = [0, 0, 4, 2][part.len() % 4];
                let at = digits.find(last).unwrap();
                (unused > 0).then(|| format!("{rest}{}", &digits[at + 1..at + 2]))
            };
            for (what, token) in [
                ("two parts", format!("{head}.{claims}")),
                ("one part", head.to_owned()),
                ("nothing but dots", "..".into()),
                ("no signature", format!("{head}.{claims}.")),
                ("no claims", format!("{head}..{signature}")),
                ("no header", format!(".{claims}.{signature}")),
                ("a fourth part", format!("{honest}.")),
                ("a fourth part with something", format!("{honest}.AAAA")),
                ("five parts", format!("{honest}.AAAA.AAAA")),
                (
                    "an encrypted token",
                    format!(
                        "{}..AAAAAAAAAAAAAAAA.{claims}.AAAAAAAAAAAAAAAAAAAAAA",
                        base64url(r#"{"alg":"dir","enc":"A256GCM"}"#)
                    ),
                ),
                (
                    "an encrypted key",
                    format!(
                        "{}.AAAA.AAAAAAAAAAAAAAAA.{claims}.AAAAAAAAAAAAAAAAAAAAAA",
                        base64url(r#"{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}"#)
                    ),
                ),
                (
                    "an encrypted one in three parts",
                    format!("{}.{claims}.{signature}", base64url(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#)),
                ),
                (
                    "as JSON",
                    format!(r#"{{"protected":"{head}","payload":"{claims}","signature":"{signature}"}}"#),
                ),
                ("twice", format!("{honest}{honest}")),
                ("two", format!("{honest},{honest}")),
                (
                    "a signature cut by a byte",
                    format!("{head}.{claims}.{}", &signature[..signature.len() - 2]),
                ),
                ("half a signature", format!("{head}.{claims}.{}", &signature[..signature.len() / 2])),
                ("a longer signature", format!("{honest}AAAA")),
                ("a signature of one character", format!("{head}.{claims}.A")),
                ("of nothing", format!("{head}.{claims}.{}", base64url([0; 64]))),
                ("of ones", format!("{head}.{claims}.{}", base64url([255; 64]))),
                ("of a long nothing", format!("{head}.{claims}.{}", base64url([0; 256]))),
                (
                    "r = 0, s = 1",
                    format!("{head}.{claims}.{}", base64url([[0; 63].as_slice(), &[1]].concat())),
                ),
                (
                    "r = 1, s = 0",
                    format!("{head}.{claims}.{}", base64url([[0; 31].as_slice(), &[1], &[0; 32]].concat())),
                ),
                ("r = s = n", format!("{head}.{claims}.{}", base64url([ORDER, ORDER].concat()))),
                ("nothing in ASN.1", format!("{head}.{claims}.{}", base64url([0x30, 6, 2, 1, 0, 2, 1, 0]))),
                (
                    "the neutral point",
                    format!("{head}.{claims}.{}", base64url([&[1][..], &[0; 63]].concat())),
                ),
                ("a padded signature", format!("{head}.{claims}.{signature}=")),
                ("a padded header", format!("{head}=.{claims}.{signature}")),
                ("padded claims", format!("{head}.{claims}=.{signature}")),
                ("escaped padding", format!("{head}.{claims}.{signature}%3D")),
                ("escaped dots", format!("{head}%2E{claims}%2E{signature}")),
                (
                    "other claims",
                    format!(
                        "{head}.{}.{signature}",
                        base64url(issuer.with(&[("sub", json!("admin"))]).to_string())
                    ),
                ),
                ("another header", format!("{}.{claims}.{signature}", base64url(issuer.header(r#","x":1"#)))),
                ("in the other alphabet", format!("{head}.{claims}.+/{}", &signature[2..])),
            ] {
                tokens.push((what.to_owned(), token));
            }
            for (what, token) in [
                ("header", uncanonical(head).map(|head| format!("{head}.{claims}.{signature}"))),
                ("claims", uncanonical(claims).map(|claims| format!("{head}.{claims}.{signature}"))),
                ("signature", uncanonical(signature).map(|signature| format!("{head}.{claims}.{signature}"))),
            ] {
                tokens.extend(token.map(|token| (format!("a {what} with bits that are not used"), token)));
            }
            // A token as the claims of another (RFC 7519 §5.2).
            tokens.push(("nested".into(), issuer.key.sign(&issuer.header(r#","cty":"JWT""#), &honest)));
            tokens.push(("nested and silent".into(), issuer.sign(&honest)));
            tokens.push(("nested as a text".into(), issuer.sign(json!(honest).to_string())));
        }
        door.refuses(&tokens);
        // In quotes, a cookie has the same value (RFC 6265 §4.1.1), and a bearer token another one.
        let quoted = format!("\"{}\"", door.issuers[0].honest());
        assert_eq!((door.bearer("/orders", &quoted), door.cookie(&quoted)), (401, 200));
    }
}

/// The order of P-256: zero to whoever forgets to look.
const ORDER: &[u8] = &[
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[test]
fn a_token_that_is_too_long_is_refused_before_it_is_read() {
    for door in everybody() {
        let issuer = &door.issuers[0];
        let long = |bytes: usize| issuer.sign(issuer.with(&[("x", json!("x".repeat(bytes)))]).to_string());
        assert_eq!(door.bearer("/orders", &long(4_000)), 200);
        for bytes in [100_000, 1_000_000] {
            let refused = door.bearer("/orders", &long(bytes));
            assert!([400, 431].contains(&refused), "{bytes}: {refused}");
        }
        let dots = ".".repeat(6_000);
        door.refuses(&[("dots".into(), dots), ("letters".into(), "A".repeat(6_000))]);
    }
}
