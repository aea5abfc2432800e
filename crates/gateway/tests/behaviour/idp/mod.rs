//! Providers of identity for the tests: real ones in processes of their own, a false one that says whatever a test wants, and the
//! part of a browser that goes there and back.

mod false_one;
mod real;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(crate) use false_one::{FalseOne, now};
pub(crate) use real::{Elsewhere, authlib, node};

use crate::accounts::{Answer, Visitor};

/// Where browsers find the gate, as the providers know it.
pub(crate) const SITE: &str = "http://localhost:8080";

/// The tables of providers: their names, issuers and what else is said of each. The secret is in a file.
pub(crate) fn tables(directory: &Path, providers: &[(&str, &str, &str)]) -> String {
    let tables = providers.iter().map(|(name, issuer, more)| {
        let client = if more.contains("client_id") { "" } else { "client_id = 'shop'\n" };
        let file = directory.join(format!("{name}.secret"));
        if !file.exists() {
            std::fs::write(&file, "a secret: 100% & more of it\n").unwrap();
        }
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        format!(
            "[[auth.provider]]\nname = '{name}'\nissuer = '{issuer}'\n{client}client_secret_file = '{name}.secret'\n{more}\n"
        )
    });
    tables.collect()
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Presses the button of a provider on the page of log ins. Gives the address at the provider.
pub(crate) fn begin(visitor: &Visitor<'_>, provider: &str, next: &str) -> String {
    let page = visitor.page(&format!("/auth/login?next={}", encoded(next)));
    assert!(page.body.contains(&format!("action=\"/auth/provider/{provider}\"")), "{page:?}");
    let answer = visitor.form(&page, &format!("/auth/provider/{provider}"), &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    onward(&answer)
}

/// Comes back to the gate. Behind a redirect from elsewhere, browsers send no cookie of ours; the page that answers sends them
/// to the same address once more.
pub(crate) fn back(visitor: &Visitor<'_>, address: &str) -> Answer {
    let target = address.strip_prefix(SITE).unwrap_or(address);
    let bare = Visitor::new(visitor.gate);
    let first = bare.page(target);
    if first.status != 200 {
        return first;
    }
    assert_eq!(bare.cookie("__Host-access"), None, "the first request lets nobody in");
    visitor.page(&onward(&first))
}

/// Where a page sends its browser.
pub(crate) fn onward(answer: &Answer) -> String {
    let found = answer.body.split("content=\"0;url=").nth(1).and_then(|rest| rest.split('"').next());
    found.unwrap_or_else(|| panic!("{answer:?}")).replace("&amp;", "&")
}

/// The parameters of an address.
pub(crate) fn parameters(address: &str) -> BTreeMap<String, String> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
