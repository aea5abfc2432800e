//! Ordinary requests: what people and programs send every day and no gate may refuse.

use http::Method;
use serde_json::{Map, Value};

use crate::client::{Client, Exchange, Probe};
use crate::identity::Identity;
use crate::surface::{Endpoint, Surface};

/// Texts that people write.
const TEXTS: [&str; 30] = [
    "O'Brien",
    "D'Angelo & Sons, Ltd.",
    "Zoë Müller-Østergård",
    "李小龍 – 功夫",
    "Please select the best option and drop me a line from the office.",
    "I'd like to order 2 x 4\" screws; could you update the delivery address?",
    "Union members: where do I insert the form?",
    "It's 50% off -- really? Great!",
    "Tom & Jerry <3",
    "if a < b and b > c then we're done",
    "# Heading\n\n* one\n* **two**\n\n> quoted\n\n`code`",
    "[docs](https://example.com/a?b=c&d=e#f)",
    "C:\\Users\\alice\\Documents",
    "See ../README.md for more",
    "The script ran fine on Monday.",
    "Meet at 10:30 (GMT+1); bring: pens, paper, tea",
    "price: $9.99, 3 for $25!",
    "👩‍💻 shipping 🚀 today",
    "مرحبا بالعالم",
    "a+b=c, x/y, 100%",
    "R&D's budget = 5.000 €",
    "Null",
    "undefined behaviour",
    "\"quoted\" and 'single'",
    "e-mail: first.last+tag@example.co.uk",
    "line one\nline two\r\nline three",
    "The table was set; the users were happy.",
    "Order by Friday, or from Monday on.",
    "1/2 cup sugar, 1-2 eggs",
    "Passw0rd hints: none; drop by if you forget it",
];

/// The ordinary requests of an API: reads, writes with each text in turn, uploads. Answers with how many were sent,
/// and those that were refused or failed.
pub async fn journey(
    client: &Client,
    surface: &Surface,
    identity: Option<&Identity>,
) -> (usize, Vec<Exchange>) {
    let probes = probes(surface, identity);
    let mut refused = Vec::new();
    for probe in &probes {
        match client.send(probe).await {
            // An error of the API itself is no refusal; one of a gate that lost the API is.
            Ok((answer, exchange))
                if answer.status.is_client_error() || (502..=504).contains(&answer.status.as_u16()) =>
            {
                refused.push(exchange);
            }
            Ok(_) => {}
            Err(error) => refused.push(Exchange { request: probe.target.clone(), answer: error.to_string() }),
        }
    }
    (probes.len(), refused)
}

fn probes(surface: &Surface, identity: Option<&Identity>) -> Vec<Probe> {
    let by = |probe: Probe| match identity {
        Some(identity) => probe.by(identity),
        None => probe,
    };
    let mut probes: Vec<Probe> =
        // A list of ids has to name one's own.
        surface
            .plain(&Method::GET)
            .filter(|e| e.lists.is_empty())
            .map(|e| by(Probe::get(with_queries(e, "ordinary"))))
            .collect();
    let is_login = |e: &Endpoint| surface.login().is_some_and(|login| login.path == e.path);
    let writes: Vec<(&Endpoint, String)> = surface
        .endpoints
        .iter()
        .filter(|e| {
            [Method::POST, Method::PATCH].contains(&e.method) && !e.path.contains('{') && !is_login(e)
        })
        .flat_map(|e| {
            e.texts()
                .into_iter()
                .filter(|field| !is_credential(field))
                .map(move |field| (e, field.to_owned()))
        })
        .collect();
    for (i, text) in TEXTS.iter().enumerate() {
        if writes.is_empty() {
            break;
        }
        let (endpoint, field) = &writes[i % writes.len()];
        // A PATCH changes what it names and nothing else.
        let patch = endpoint.method == Method::PATCH;
        let mut body = if patch { Value::Object(Map::new()) } else { endpoint.example() };
        body[field.as_str()] = Value::from(*text);
        probes.push(by(Probe::json(endpoint.method.clone(), endpoint.path.clone(), &body)));
    }
    for (endpoint, name) in surface.queries() {
        for text in ["O'Brien", "select", "a b & c", "ünïcödé"] {
            probes.push(by(Probe::get(format!("{}?{name}={}", endpoint.path, escape(text)))));
        }
    }
    for endpoint in surface.endpoints.iter().filter(|e| e.method == Method::POST) {
        let files: [(&str, &[u8]); 2] = [
            ("photo.jpg", &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F']),
            ("notes.txt", b"SELECT your seat; don't drop it"),
        ];
        for (name, content) in files {
            if let Some(body) = endpoint.upload(name, content, "Me at O'Brien's") {
                probes.push(by(Probe {
                    method: Method::POST,
                    body: Some(body),
                    ..Probe::get(endpoint.path.clone())
                }));
            }
        }
    }
    probes
}

/// Fields that somebody logs in with: changing them would lock a person out.
fn is_credential(field: &str) -> bool {
    ["name", "username", "login", "email", "password"].contains(&field)
}

fn with_queries(endpoint: &Endpoint, value: &str) -> String {
    let pairs: Vec<String> = endpoint.query.iter().map(|name| format!("{name}={value}")).collect();
    if pairs.is_empty() { endpoint.path.clone() } else { format!("{}?{}", endpoint.path, pairs.join("&")) }
}

/// A text as it stands in a query.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
