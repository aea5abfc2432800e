//! Real providers, in processes of their own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use super::{SITE, encoded, free_port};
use crate::support::{Peer, script, status};

fn witnesses() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/witnesses")
}

/// Says what is missing; in CI, nothing may be.
fn left_out(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is not installed; ./test installs it");
    eprintln!("left out: {what} is not installed; ./test installs it");
}

/// npm's `oidc-provider`, certified by the OpenID Foundation. `options`: what its script says.
pub(crate) fn node(port: u16, provider: &str, options: &Value) -> Option<Peer> {
    let modules = witnesses().join("node/node_modules");
    if !modules.join("oidc-provider").exists() {
        left_out("oidc-provider");
        return None;
    }
    let mut command = Command::new("node");
    command.arg(script("openid_provider.mjs")).arg(modules).arg(port.to_string());
    command.arg(format!("{SITE}/auth/provider/{provider}/callback")).arg(options.to_string());
    Some(Peer::start(&mut command, port))
}

/// PyPI's `oidc-provider-mock`, made of Authlib. Its issuer, with a client that has registered there: its id and secret.
pub(crate) fn authlib(provider: &str, arguments: &[&str]) -> Option<(Peer, String, String, String)> {
    let program = witnesses().join("python/bin/oidc-provider-mock");
    if !program.exists() {
        left_out("oidc-provider-mock");
        return None;
    }
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string(), "--require-registration", "true"]).args(arguments);
    let peer = Peer::start(&mut command, port);
    let callback = format!("{SITE}/auth/provider/{provider}/callback");
    let body = serde_json::json!({ "redirect_uris": [callback] }).to_string();
    let head = "Content-Type: application/json\r\n";
    let (_, answer) = ask(port, "POST", "/oauth2/clients", head, &body);
    let client: Value = serde_json::from_str(&answer).unwrap();
    let text = |name: &str| client[name].as_str().unwrap().to_owned();
    Some((peer, format!("http://127.0.0.1:{port}"), text("client_id"), text("client_secret")))
}

fn ask(port: u16, method: &str, target: &str, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// Somebody's browser at a provider.
#[derive(Default)]
pub(crate) struct Elsewhere {
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Elsewhere {
    /// Who logs in at the provider of Node from now on.
    pub(crate) fn is(&self, port: u16, name: &str) {
        self.cookies.lock().unwrap().clear();
        ask(port, "GET", &format!("/test/who?name={name}"), "", "");
    }

    /// Follows an address at a provider until that sends the browser back to the gate. A form is filled in for `subject`.
    pub(crate) fn go(&self, address: &str, subject: &str) -> String {
        let mut address = address.to_owned();
        let mut form = String::new();
        for _ in 0..12 {
            if address.starts_with(SITE) {
                return address;
            }
            let rest = address.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("{address}"));
            let (port, target) = rest.split_once('/').unwrap();
            let port: u16 = port.parse().unwrap();
            let cookies =
                self.cookies.lock().unwrap().iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>();
            let mut head = format!("Cookie: {}\r\n", cookies.join("; "));
            let method = if form.is_empty() { "GET" } else { "POST" };
            if !form.is_empty() {
                head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
            let (head, body) = ask(port, method, &format!("/{target}"), &head, &std::mem::take(&mut form));
            for line in head.lines() {
                let Some((name, value)) = line.split_once(": ") else { continue };
                if name.eq_ignore_ascii_case("set-cookie") {
                    let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                    self.cookies.lock().unwrap().insert(name.into(), value.into());
                }
            }
            let location = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("location").then(|| value.to_owned())
            });
            match location {
                Some(location) if location.starts_with('/') => {
                    address = format!("http://127.0.0.1:{port}{location}")
                }
                Some(location) => address = location,
                None if status(&head) == 200 && body.contains("name=\"sub\"") => {
                    form = format!("sub={}", encoded(subject));
                }
                None => panic!("{head}\n{body}"),
            }
        }
        panic!("the provider leads on and on: {address}");
    }
}
