//! An API without any check, the ways in which it answers, and what people ask of it.

use std::io::{Read, Write};

use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const POLICY: &str = r#"
[rate]
limits = []
[[auth.api_key]]
subject = "alice"
sha256 = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"
[[auth.api_key]]
subject = "bob"
sha256 = "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"
[[route]]
path = "/things"
methods = ["GET"]
owner = { field = "/owner", list = "/items", counts = ["/total"] }
remember = { thing = ["/items/*/id"] }
[[route]]
path = "/things"
methods = ["POST"]
owner = "/owner"
remember = { thing = ["/id"] }
[[route]]
path = "/things/{id}"
owner = "/owner"
check_owner_before_write = true
[[route]]
path = "/batch"
objects = [{ id = "query.ids", kind = "thing", read = "/things/{id}" }]
"#;

/// How the API answers this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Plain,
    Gzip,
    Pieces,
    Partial,
    Html,
    Failure,
    Broken,
    OwnerTwice,
    Scalar,
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    List,
    Read(usize),
    Head(usize),
    Write(usize),
    Delete(usize),
    Batch(Vec<usize>),
    Create,
}

pub(crate) fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        Just(Ask::List),
        (0..8usize).prop_map(Ask::Read),
        (0..8usize).prop_map(Ask::Head),
        (0..8usize).prop_map(Ask::Write),
        (0..8usize).prop_map(Ask::Delete),
        prop::collection::vec(0..8usize, 1..4).prop_map(Ask::Batch),
        Just(Ask::Create),
    ]
}

pub(crate) fn manner() -> impl Strategy<Value = Manner> {
    use Manner::*;
    prop::sample::select(vec![
        Plain, Plain, Plain, Gzip, Pieces, Partial, Html, Failure, Broken, OwnerTwice, Scalar,
    ])
}

/// An API without any check: objects by id, each with a mark of its owner.
#[derive(Default)]
pub(crate) struct Api {
    things: Vec<Option<Value>>,
    /// Whether somebody wrote to what is not theirs.
    pub changed_by_others: bool,
}

impl Api {
    pub(crate) fn new() -> Self {
        let owner = |i: usize| if i.is_multiple_of(2) { "alice" } else { "bob" };
        Api { things: (0..6).map(|i| Some(thing(i, owner(i)))).collect(), changed_by_others: false }
    }

    /// Whether nothing of somebody's is left.
    #[allow(dead_code)]
    pub(crate) fn has_none_of(&self, owner: &str) -> bool {
        !self.things.iter().flatten().any(|thing| thing["owner"] == owner)
    }

    pub(crate) fn answer(&mut self, method: &Method, target: &str, caller: &str) -> (u16, Value) {
        let path = target.split('?').next().unwrap();
        let index = path.rsplit('/').next().unwrap().parse::<usize>().ok();
        match (method.as_str(), index) {
            ("GET", None) if path == "/things" => {
                let items: Vec<Value> = self.things.iter().flatten().cloned().collect();
                (200, json!({ "total": items.len(), "items": items }))
            }
            ("GET", None) => {
                let ids = target
                    .split("ids=")
                    .nth(1)
                    .unwrap_or("")
                    .split(',')
                    .filter_map(|i| i.parse::<usize>().ok());
                (200, ids.filter_map(|i| self.things.get(i).cloned().flatten()).collect())
            }
            ("POST", _) => {
                self.things.push(Some(thing(self.things.len(), caller)));
                (201, self.things.last().cloned().flatten().unwrap())
            }
            ("GET", Some(i)) => match self.things.get(i).cloned().flatten() {
                Some(thing) => (200, thing),
                None => (404, json!({ "error": "no such thing" })),
            },
            (method, Some(i)) => {
                let Some(slot) = self.things.get_mut(i) else { return (404, json!({})) };
                if slot.as_ref().is_some_and(|thing| thing["owner"] != caller) {
                    self.changed_by_others = true;
                }
                if method == "DELETE" {
                    *slot = None;
                }
                (200, slot.clone().unwrap_or(json!({ "done": true })))
            }
            _ => (404, json!({})),
        }
    }
}

fn thing(id: usize, owner: &str) -> Value {
    json!({ "id": id, "owner": owner, "note": format!("mark-of-{owner}") })
}

impl Ask {
    /// Method and target of the request.
    pub(crate) fn request(&self) -> (Method, String) {
        match self {
            Ask::List => (Method::GET, "/things".to_owned()),
            Ask::Read(i) => (Method::GET, format!("/things/{i}")),
            Ask::Head(i) => (Method::HEAD, format!("/things/{i}")),
            Ask::Write(i) => (Method::PUT, format!("/things/{i}")),
            Ask::Delete(i) => (Method::DELETE, format!("/things/{i}")),
            Ask::Batch(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                (Method::GET, format!("/batch?ids={}", ids.join(",")))
            }
            Ask::Create => (Method::POST, "/things".to_owned()),
        }
    }
}

/// An answer as it is sent: status, headers, bytes.
pub(crate) struct Sent {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
}

impl Manner {
    pub(crate) fn send(self, status: u16, value: &Value) -> Sent {
        let text = match self {
            Manner::OwnerTwice => {
                value.to_string().replace("\"owner\":", "\"owner\":\"bob\",\"owner\":\"alice\",\"other\":")
            }
            Manner::Scalar => json!(value.to_string()).to_string(),
            _ => value.to_string(),
        };
        let kind = if self == Manner::Html { "text/html" } else { "application/json" };
        let status = match self {
            Manner::Failure => 500,
            Manner::Partial => 206,
            _ => status,
        };
        let mut headers = vec![("content-type", kind)];
        let body = match self {
            Manner::Gzip => {
                headers.push(("content-encoding", "gzip"));
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(text.as_bytes()).unwrap();
                encoder.finish().unwrap()
            }
            _ => text.into_bytes(),
        };
        Sent { status, headers, body }
    }
}

/// What left, decoded too, so that no coding hides a mark.
pub(crate) fn readable(left: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(left).into_owned();
    let mut decoded = Vec::new();
    let _: Result<usize, _> = flate2::read::GzDecoder::new(left).read_to_end(&mut decoded);
    text.push_str(&String::from_utf8_lossy(&decoded));
    text
}
