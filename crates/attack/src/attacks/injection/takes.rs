//! Which slots take a URL, or a host of which the server makes one.

use crate::census::Control;
use crate::request::Slot;
use crate::surface::words::words;
use crate::surface::{Endpoint, Kind, Place, Shape};

/// What a slot takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A whole URL.
    Url,
    /// A host, with which the server makes a URL.
    Host,
}

/// What a slot takes: by its format, by its name, by what stands there.
pub(super) fn takes(control: &Control, endpoint: &Endpoint, slot: &Slot) -> Option<Takes> {
    if matches!(slot, Slot::Header(_) | Slot::Cookie(_) | Slot::Path(_)) {
        return None;
    }
    let shape = match slot {
        Slot::Body(at) => {
            let body = endpoint.body.as_ref()?;
            body.shape.leaves().into_iter().find(|(leaf, _)| leaf == at).map(|(_, shape)| shape)
        }
        Slot::Query(name) => endpoint.parameter(Place::Query, name).map(|parameter| &parameter.shape),
        _ => None,
    };
    let is_text = shape.is_none_or(|shape| matches!(shape.kind, Kind::Text | Kind::Any));
    let is_url = |shape: &Shape| shape.format.as_deref().is_some_and(|format| format.starts_with("ur"));
    let stands = control.draft.text(slot).unwrap_or_default();
    if !is_text {
        return None;
    }
    if shape.is_some_and(is_url) || stands.starts_with("http://") || stands.starts_with("https://") {
        return Some(Takes::Url);
    }
    by_name(slot.name())
}

fn by_name(name: &str) -> Option<Takes> {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let last = |list: &[&str]| words.last().is_some_and(|word| list.contains(&word.as_str()));
    let is_joined = words.last().is_some_and(|word| word.ends_with("url") || word.ends_with("uri"));
    let urls = ["url", "uri", "href", "link", "webhook", "callback", "feed", "endpoint", "proxy", "src"];
    let things = [
        "image",
        "avatar",
        "picture",
        "photo",
        "logo",
        "icon",
        "target",
        "source",
        "destination",
        "site",
        "website",
        "remote",
    ];
    if is_joined || has(&urls) || last(&things) {
        return Some(Takes::Url);
    }
    last(&["host", "hostname", "domain", "server", "ip", "address"]).then_some(Takes::Host).filter(|_| {
        // The address of a person is none of a machine.
        !last(&["address"]) || has(&["ip", "server", "remote", "host"])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_known_by_its_name() {
        for (name, expected) in [
            ("url", Some(Takes::Url)),
            ("target_url", Some(Takes::Url)),
            ("imageUrl", Some(Takes::Url)),
            ("feedurl", Some(Takes::Url)),
            ("webhook", Some(Takes::Url)),
            ("avatar", Some(Takes::Url)),
            ("host", Some(Takes::Host)),
            ("serverAddress", Some(Takes::Host)),
            ("address", None),
            ("title", None),
            ("description", None),
            ("curly", None),
        ] {
            assert_eq!(by_name(name), expected, "{name}");
        }
    }
}
