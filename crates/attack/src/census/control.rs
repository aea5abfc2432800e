//! An ordinary request that was served.

use crate::answer::{Mask, Reply};
use crate::request::{Draft, Slot};
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Extent, Place, Role, Shape};
use crate::who::Who;

/// An ordinary request that was served to somebody.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    /// Which operation of the surface.
    pub(crate) endpoint: usize,
    /// To whom.
    pub(crate) who: Who,
    /// The request, with marks for what must be new in each.
    pub(crate) draft: Draft,
    /// The answer.
    pub(crate) reply: Reply,
    /// What differs between two answers to this request.
    pub(crate) mask: Mask,
}

/// An ordinary request that was not served.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    /// Which operation of the surface.
    pub(crate) endpoint: usize,
    /// To whom.
    pub(crate) who: Who,
    /// The answer.
    pub(crate) reply: Reply,
}

impl Control {
    /// The places of the request where an attack can put a value: those that the request has, and those that the
    /// document offers beside them. Where an account would be renamed, there are none.
    pub(crate) fn slots(&self, endpoint: &Endpoint) -> Vec<Slot> {
        let mut slots = self.draft.slots();
        for parameter in endpoint.parameters.iter().filter(|parameter| parameter.place != Place::Path) {
            let slot = Slot::of(parameter.place, &parameter.name);
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        if let Some(body) = &endpoint.body {
            for (at, _) in body.shape.leaves() {
                let slot = Slot::Body(at.clone());
                let is_known = slots.iter().any(|known| match known {
                    Slot::Body(known) => *known == at || known.starts_with(&format!("{at}/")),
                    _ => false,
                });
                if !is_known {
                    slots.push(slot);
                }
            }
        }
        let renames = !endpoint.is_creation() && !endpoint.is_read() && endpoint.role == Role::Ordinary;
        slots.retain(|slot| !(renames && is_credential(slot)));
        slots
    }

    /// The same request with an ordinary value in a slot, if it has none.
    pub(crate) fn with_slot(&self, endpoint: &Endpoint, slot: &Slot) -> Draft {
        if self.draft.value(slot).is_some() {
            return self.draft.clone();
        }
        let shape = shape_of(endpoint, slot);
        match shape {
            Some(shape) => self.draft.with(slot, shape.example(slot.name(), Extent::Required)),
            None => self.draft.clone(),
        }
    }
}

/// What the document says of a slot.
pub(crate) fn shape_of<'e>(endpoint: &'e Endpoint, slot: &Slot) -> Option<&'e Shape> {
    let parameter = |place, name: &str| endpoint.parameter(place, name).map(|parameter| &parameter.shape);
    match slot {
        Slot::Body(at) => {
            let leaves = endpoint.body.as_ref()?.shape.leaves();
            leaves.into_iter().find(|(leaf, _)| leaf == at).map(|(_, shape)| shape)
        }
        Slot::Path(name) => parameter(Place::Path, name),
        Slot::Query(name) => parameter(Place::Query, name),
        Slot::Header(name) => parameter(Place::Header, name),
        Slot::Cookie(name) => parameter(Place::Cookie, name),
    }
}

/// Whether a slot holds what an account is known by, or logs in with.
fn is_credential(slot: &Slot) -> bool {
    let name = fold(slot.name());
    matches!(slot, Slot::Body(_))
        && (name.contains("pass") || ["username", "login", "email", "mail", "user"].contains(&name.as_str()))
}
