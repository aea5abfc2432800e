//! The books API, and a gate in front of it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::servers::ports::free_port;
use crate::support::{Peer, Running, raw, script, status};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789";

/// A token with these claims.
fn token(claims: &Value) -> String {
    let mut claims = claims.clone();
    claims["exp"] = json!(4_000_000_000u64);
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::new(jsonwebtoken::Algorithm::HS256), &claims, &key).unwrap()
}

/// The books API, bare and behind the gate.
pub(crate) struct Books {
    api: std::net::SocketAddr,
    pub gate: Running,
    _peer: Peer,
    pub directory: tempfile::TempDir,
}

impl Books {
    pub(crate) fn start(policy: &str) -> Books {
        let document = std::fs::read_to_string(script("books.openapi.yaml")).unwrap();
        Books::with(policy, &[("books.yaml", &document)])
    }

    /// The gate with these files beside its policy.
    pub(crate) fn with(policy: &str, files: &[(&str, &str)]) -> Books {
        let port = free_port();
        let peer = Peer::start(
            Command::new("/usr/bin/python3").args([script("books.py"), port.to_string(), SECRET.into()]),
            port,
        );
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        for (name, text) in files {
            write(name, text);
        }
        write("secret", SECRET);
        let file = write(
            "doorward.toml",
            &format!(
                "[gateway]\nopenapi = 'books.yaml'\n[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = 'secret'\n[rate]\nlimits = []\n{policy}"
            ),
        );
        let gate = Running::from_file(&file, &[format!("http://127.0.0.1:{port}")]);
        Books { api: ([127, 0, 0, 1], port).into(), gate, _peer: peer, directory }
    }

    /// One request as somebody, behind the gate.
    pub(crate) fn ask(&self, who: &str, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        self.ask_as(&json!({ "sub": who }), method, target, body)
    }

    /// One request as somebody with further claims, behind the gate.
    pub(crate) fn ask_as(
        &self,
        claims: &Value,
        method: &str,
        target: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.send(self.gate.address, claims, method, target, body, "")
    }

    /// The same, without the gate.
    pub(crate) fn bare(&self, who: &str, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        self.send(self.api, &json!({ "sub": who }), method, target, body, "")
    }

    /// The status of a GET as somebody, behind the gate. Who asks leaves when he has read it.
    pub(crate) fn glance(&self, who: &str, target: &str) -> u16 {
        let token = token(&json!({ "sub": who }));
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: books.example\r\nUser-Agent: test\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(self.gate.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut line = [0; "HTTP/1.1 404".len()];
        stream.read_exact(&mut line).unwrap();
        status(&String::from_utf8_lossy(&line))
    }

    pub(crate) fn send(
        &self,
        to: std::net::SocketAddr,
        claims: &Value,
        method: &str,
        target: &str,
        body: Option<Value>,
        headers: &str,
    ) -> (u16, Value) {
        let token = token(claims);
        let body = body.map_or(String::new(), |body| body.to_string());
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: books.example\r\nUser-Agent: test\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let answer = raw(to, request.as_bytes());
        let text = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status(&answer), serde_json::from_str(text).unwrap_or(Value::Null))
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        let (_, list) = self.bare("alice", "GET", "/books", None);
        list["items"].as_array().unwrap().iter().map(|b| b["title"].as_str().unwrap().to_owned()).collect()
    }
}
