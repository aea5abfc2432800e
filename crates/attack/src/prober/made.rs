//! Objects that a run makes: to be attacked, and to be removed in the end.

use serde_json::Value;

use super::object::Made;
use super::{Prober, Stop, lock};
use crate::answer::Reply;
use crate::census::fill::path_parameters;
use crate::census::pool::{Known, root_id};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::graphql::is_about;
use crate::surface::shape::{fold, singular};
use crate::surface::{Endpoint, Role, Shape};
use crate::who::Who;

impl Prober<'_> {
    /// The operation that makes what another operation takes the id of.
    pub(crate) fn maker(&self, endpoint: &Endpoint) -> Option<usize> {
        let trimmed = |path: &str| path.trim_end_matches('/').to_owned();
        let is_maker = |other: &Endpoint| {
            if !other.is_creation() || other.role == Role::Register {
                return false;
            }
            if endpoint.graphql.is_some() {
                return other.graphql.is_some() && is_about(&other.collection(), &endpoint.collection());
            }
            let Some((collection, _)) = endpoint.path.rsplit_once('{') else { return false };
            trimmed(&other.path) == trimmed(collection)
        };
        let mut makers = self.surface.endpoints.iter().enumerate().filter(|(_, other)| is_maker(other));
        makers.next().map(|(at, _)| at)
    }

    /// Whether what an operation makes can be removed again.
    pub(crate) fn is_removable(&self, maker: usize) -> bool {
        let mut removals = self.surface.endpoints.iter().filter(|endpoint| endpoint.is_removal());
        removals.any(|removal| self.maker(removal) == Some(maker))
    }

    /// Makes an object as an account: one that the operation takes the id of.
    pub(crate) async fn make_for(&self, endpoint: &Endpoint, owner: Who) -> Result<Option<Made>, Stop> {
        let Some(maker) = self.maker(endpoint) else { return Ok(None) };
        self.make(maker, owner).await
    }

    /// Makes an object by an operation, as an account.
    pub(crate) async fn make(&self, maker: usize, owner: Who) -> Result<Option<Made>, Stop> {
        let Some(control) = self.control(maker, owner) else { return Ok(None) };
        let mut reply = self.ask(&control.draft, owner).await?;
        if !reply.is_served {
            // What it was made in may be gone.
            for draft in self.drafts(maker, owner).await? {
                reply = self.ask(&draft, owner).await?;
                if reply.is_served {
                    self.keep(crate::census::Control { draft, reply: reply.clone(), ..(*control).clone() });
                    break;
                }
            }
        }
        Ok(self.made(reply, owner))
    }

    /// The object that an answer says was made.
    pub(crate) fn made(&self, reply: Reply, owner: Who) -> Option<Made> {
        if !reply.is_served {
            return None;
        }
        self.learn(&reply, owner);
        let id = self.id_of_made(&reply)?;
        let endpoint = self.surface.endpoint(reply.draft.endpoint);
        if let Some((member, name)) = self.name_in_request(&reply).filter(|(_, name)| *name == id) {
            lock(&self.pool).note_made(endpoint, &reply.draft, owner, &member, &name);
        }
        let collection = endpoint.collection();
        let made = Made { id, collection, owner, reply };
        self.leave(made.clone());
        Some(made)
    }

    /// Notes what a request has made, so that it is removed in the end. What the API has shown before was not made by it:
    /// some requests that look like a creation answer with what is there.
    pub(super) fn note_made(&self, reply: &Reply, owner: Who) {
        let endpoint = self.surface.endpoint(reply.draft.endpoint);
        if !reply.is_served || !endpoint.is_creation() || endpoint.role != Role::Ordinary {
            return;
        }
        let Some(id) = self.id_of_made(reply) else { return };
        let collection = endpoint.collection();
        let is_it =
            |known: &Known| known.is_id && known.value == id && is_about(&known.collection, &collection);
        if !lock(&self.pool).known().iter().any(is_it) {
            self.leave(Made { id, collection, owner, reply: reply.clone() });
        }
    }

    fn leave(&self, made: Made) {
        const MAX_LEFT: usize = 2000;
        let mut left = lock(&self.left);
        let is_known = left.iter().any(|known| known.id == made.id && known.collection == made.collection);
        if !is_known && left.len() < MAX_LEFT {
            left.push(made);
        }
    }

    fn id_of_made(&self, reply: &Reply) -> Option<Value> {
        let endpoint = self.surface.endpoint(reply.draft.endpoint);
        let in_location = || {
            let location = reply.answer.header("location")?;
            let last = location.split(['?', '#']).next()?.trim_end_matches('/').rsplit('/').next()?;
            Some(last.parse::<u64>().map_or_else(|_| Value::from(last), Value::from))
        };
        let id = reply.value.as_ref().and_then(|value| root_id(endpoint, value)).map(|(_, id)| id);
        // Where nothing says what the new object is called, it is called as the request said.
        id.or_else(in_location).or_else(|| self.name_in_request(reply).map(|(_, id)| id))
    }

    /// The value of the request that later stands in the path of the object, with the name of its member.
    fn name_in_request(&self, reply: &Reply) -> Option<(String, Value)> {
        let maker = self.surface.endpoint(reply.draft.endpoint);
        let items =
            self.surface.endpoints.iter().filter(|item| self.maker(item) == Some(reply.draft.endpoint));
        let stem = singular(&fold(&maker.collection()));
        let names: Vec<String> = items.filter_map(|item| item.path_names().last().map(fold)).collect();
        let is_it = |slot: &Slot| {
            let member = fold(slot.name());
            names.iter().any(|name| *name == member || *name == format!("{stem}{member}"))
        };
        let slot = reply.draft.slots().into_iter().find(is_it)?;
        Some((slot.name().to_owned(), reply.draft.value(&slot)?))
    }

    /// Whether the run has made an object with this id, and it is still there.
    pub(crate) fn is_made(&self, id: &Value) -> bool {
        lock(&self.left).iter().any(|made| made.id == *id)
    }

    /// A request of an operation on a new object of an account: its id stands in the last parameter of the path, or in
    /// the argument that holds one.
    pub(crate) async fn draft_on_new(&self, at: usize, owner: Who) -> Result<Option<(Draft, Made)>, Stop> {
        let endpoint = self.surface.endpoint(at);
        let Some(made) = self.make_for(endpoint, owner).await? else { return Ok(None) };
        Ok(self.draft_on(at, owner, &made).await?.map(|draft| (draft, made)))
    }

    /// A request of an operation on this object.
    pub(crate) async fn draft_on(&self, at: usize, who: Who, made: &Made) -> Result<Option<Draft>, Stop> {
        let endpoint = self.surface.endpoint(at);
        let Some(id) = scalar_text(&made.id) else { return Ok(None) };
        let drafts = self.drafts(at, who).await?;
        let known = self.control(at, who).map(|control| control.draft.clone());
        let Some(mut draft) = known.or_else(|| drafts.into_iter().next()) else { return Ok(None) };
        if endpoint.graphql.is_some() {
            let Some(slot) = id_slots(endpoint, &draft).into_iter().next() else { return Ok(None) };
            return Ok(Some(draft.with(&slot, made.id.clone())));
        }
        let names = path_parameters(&endpoint.path);
        let Some((last, _)) = names.last() else { return Ok(None) };
        for (name, value) in &made.reply.draft.path {
            if names.iter().any(|(known, _)| known == name) {
                draft = draft.with(&Slot::Path(name.clone()), value.clone());
            }
        }
        Ok(Some(draft.with(&Slot::Path((*last).to_owned()), id)))
    }

    /// Removes what the run has made and still knows a removal for, also where its budget is spent. How many objects stay.
    pub(crate) async fn clean_up(&self) -> usize {
        const MAX_FAILURES: usize = 5;
        self.begin_to_end();
        let mut left = lock(&self.left).clone();
        left.retain(|made| self.surface.endpoint(made.reply.draft.endpoint).role != Role::Register);
        left.reverse();
        let (mut stayed, mut failures) = (0, 0);
        for made in left {
            let removed = match failures < MAX_FAILURES {
                true => self.remove(&made).await,
                false => Ok(false),
            };
            failures = if removed.is_err() { failures + 1 } else { failures };
            stayed += usize::from(!removed.unwrap_or(false));
        }
        stayed
    }

    /// Removes an object that the run has made. Whether it is gone.
    async fn remove(&self, made: &Made) -> Result<bool, Stop> {
        let removes = |(_, endpoint): &(usize, &Endpoint)| {
            endpoint.is_removal() && self.maker(endpoint) == Some(made.reply.draft.endpoint)
        };
        let Some((at, _)) = self.surface.endpoints.iter().enumerate().find(removes) else { return Ok(false) };
        let Some(draft) = self.draft_on(at, made.owner, made).await? else { return Ok(false) };
        let reply = self.ask(&draft, made.owner).await?;
        let is_gone = reply.is_served || matches!(reply.status(), 404 | 410);
        if is_gone {
            self.forget(&made.id);
        }
        Ok(is_gone)
    }
}

/// The slots of a request that hold the id of an object.
pub(crate) fn id_slots(endpoint: &Endpoint, draft: &Draft) -> Vec<Slot> {
    let mut slots: Vec<Slot> = draft
        .slots()
        .into_iter()
        .filter(|slot| match slot {
            Slot::Path(_) => true,
            Slot::Query(name) => crate::answer::values::is_id_name(name),
            Slot::Body(_) => {
                crate::answer::values::is_id_name(slot.name())
                    || crate::census::shape_of(endpoint, slot).is_some_and(Shape::is_id)
            }
            _ => false,
        })
        .collect();
    // The last of a path is the object; the first argument of a field is.
    if endpoint.graphql.is_none() {
        slots.sort_by_key(|slot| !matches!(slot, Slot::Path(_)));
    }
    slots
}
