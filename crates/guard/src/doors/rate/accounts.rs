//! Whose account a log in is for, wherever a request says it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use inputs::{InputKind, byte_pairs};
use policy::CredentialStuffing;

use super::values::account;
use crate::decision::ruling::Ruling;
use crate::doors::ownership::named::{texts, texts_elsewhere};
use crate::exchange::{Exchange, LogInAccount};

/// Whose account a request logs in to: all names in it are one account's, unless GraphQL logs several in.
pub(super) fn accounts(
    x: &Exchange<'_>,
    ruling: Ruling<'_>,
    policy: &CredentialStuffing,
) -> Vec<LogInAccount> {
    /// The most names of one account.
    const MOST_NAMES: usize = 8;
    /// Of one request. There are as many in each as a limit of log ins has, at most.
    const MOST: usize = 32;
    let names = match policy.account.is_empty() {
        true => usual(x),
        false => policy
            .account
            .iter()
            .flat_map(|input| {
                texts(x, input).unwrap_or_default().into_iter().chain(texts_elsewhere(x, input))
            })
            .map(|text| account(&text))
            .filter(|name| !name.is_empty())
            .collect(),
    };
    let hash = |names: &mut dyn Iterator<Item = &String>| {
        ruling.state.stores.key_hash.key(|key| names.for_each(|name| key.text(name)))
    };
    let one = |name: &String| hash(&mut std::iter::once(name));
    match (names.is_empty(), x.graphql_log_ins) {
        (true, _) => Vec::new(),
        (false, 0 | 1) => {
            let each = names.iter().filter(|_| names.len() <= MOST_NAMES).map(one).collect();
            vec![LogInAccount { key: hash(&mut names.iter()), names: each }]
        }
        (false, _) => {
            let keys = names.iter().take(MOST).map(one);
            keys.map(|key| LogInAccount { key, names: vec![key] }).collect()
        }
    }
}

/// The names under which log ins have the account's.
const ACCOUNT: [&str; 34] = [
    "email",
    "emailaddress",
    "useremail",
    "mail",
    "username",
    "user",
    "userid",
    "userlogin",
    "uname",
    "usr",
    "uid",
    "login",
    "loginid",
    "loginname",
    "log",
    "jusername",
    "account",
    "accountid",
    "accountname",
    "accountnumber",
    "identifier",
    "identity",
    "handle",
    "nickname",
    "member",
    "memberid",
    "customerid",
    "customernumber",
    "phone",
    "phonenumber",
    "mobile",
    "mobilenumber",
    "tel",
    "msisdn",
];

/// What stands under the usual names. `name` is one of them where there is no other.
fn usual(x: &Exchange<'_>) -> BTreeSet<String> {
    /// More are a way to hide one: then the whole body is the name.
    const MOST: usize = 1000;
    let (mut names, mut others) = (BTreeSet::new(), BTreeSet::new());
    let mut note = |name: &str, value: &[u8]| {
        let last = name.trim_end_matches(']').rsplit(['[', '.', '/', ':']).next().unwrap_or(name);
        let mut plain: String = last.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        plain.make_ascii_lowercase();
        let is_known = ACCOUNT.contains(&&*plain);
        if is_known || plain == "name" {
            let value = account(&String::from_utf8_lossy(value));
            let found = if is_known { &mut names } else { &mut others };
            if !value.is_empty() && found.len() < MOST {
                found.insert(value);
            }
        }
    };
    for (name, value) in byte_pairs(x.target.query().unwrap_or("").trim_start_matches('?').as_bytes()) {
        note(&String::from_utf8_lossy(&name), &value);
    }
    for (body, reading) in x.body.iter().flat_map(|body| body.readings().map(move |reading| (body, reading)))
    {
        reading.find_input(&body.decoded, |input| {
            if input.kind == InputKind::Value {
                note(input.name, input.value);
            }
            None::<()>
        });
        #[cfg(feature = "graphql")]
        if x.graphql_log_ins > 0 {
            let literals = inputs::graphql::literals(reading, &body.decoded);
            literals.iter().for_each(|(name, value)| note(name, value.as_bytes()));
        }
    }
    if names.is_empty() {
        names = others;
    }
    if let (true, Some(body)) = (names.len() >= MOST, &x.body) {
        return BTreeSet::from([String::from_utf8_lossy(&body.decoded).into_owned()]);
    }
    if names.is_empty() {
        names.extend(basic(x).map(|name| account(&name)));
    }
    names
}

/// The name in `Authorization: Basic` (RFC 7617).
fn basic(x: &Exchange<'_>) -> Option<String> {
    let (scheme, encoded) = x.header(AUTHORIZATION)?.split_once(' ')?;
    let decoded =
        BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let end = decoded.iter().position(|byte| *byte == b':')?;
    String::from_utf8(decoded.get(..end)?.to_vec()).ok()
}
