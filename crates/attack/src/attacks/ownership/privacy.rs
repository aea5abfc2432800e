//! What is private to the victim: what its own lists show, and those of others do not.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::answer::Reply;
use crate::census::pool::{is_about_oneself, listed};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, scalar_text};
use crate::surface::graphql::is_about;
use crate::surface::sensitive::{is_people, is_private_collection};
use crate::surface::shape::{fold, singular};
use crate::surface::{Endpoint, Place};
use crate::who::Who;

/// The most lists that are asked.
const MAX_LISTS: usize = 30;
/// The shortest text that is told from others.
const MIN_TEXT: usize = 6;

/// An object that its owner sees in a list, and others do not.
#[derive(Debug, Clone)]
pub(super) struct Private {
    /// What it is one of.
    pub(super) collection: String,
    /// Its id.
    pub(super) id: Value,
    /// What else it is known by: its number, its slug.
    names: Vec<Value>,
    /// Texts that nobody else has seen.
    pub(super) texts: Vec<String>,
}

/// What is private to the victim, and what others see.
#[derive(Debug, Default)]
pub(super) struct Privacy {
    /// The victim's private objects.
    pub(super) objects: Vec<Private>,
    /// Ids that others have seen in lists, with what they are ids of.
    others: BTreeSet<(String, String)>,
}

/// Asks the lists that have no parameter, as the victim, the attacker and nobody; once in a run.
pub(super) async fn learn(p: &Prober<'_>) -> Result<Arc<Privacy>, Stop> {
    if let Some(known) = p.memo() {
        return Ok(known);
    }
    let mut privacy = Privacy::default();
    let mut theirs: Vec<(Reply, bool)> = Vec::new();
    let mut texts = String::new();
    for (at, draft) in lists(p).into_iter().take(MAX_LISTS) {
        for who in [Who::Attacker, Who::Nobody] {
            if p.control(at, who).is_some() {
                privacy.see(p.surface.endpoint(at), &p.ask(&draft, who).await?, &mut texts);
            }
        }
        let is_for_both = p.control(at, Who::Attacker).is_some();
        let reply = p.ask(&draft, Who::Victim).await?;
        if reply.is_served {
            theirs.push((reply, is_for_both));
        }
    }
    for control in p.controls() {
        if matches!(control.who, Who::Attacker | Who::Nobody) {
            privacy.see(p.surface.endpoint(control.endpoint), &control.reply, &mut texts);
        }
    }
    for (reply, is_for_both) in &theirs {
        // A list in an order of chance shows others now and then.
        let again = p.ask(&reply.draft, Who::Victim).await?;
        let endpoint = p.surface.endpoint(reply.draft.endpoint);
        if *is_for_both && ids(endpoint, reply) == ids(endpoint, &again) {
            privacy.add(endpoint, reply, &texts);
        }
    }
    Ok(p.keep_memo(privacy))
}

/// Reads that need no parameter and were served to the victim.
fn lists(p: &Prober<'_>) -> Vec<(usize, Draft)> {
    let is_list = |(at, endpoint): (usize, &Endpoint)| {
        let control = p.control(at, Who::Victim)?;
        let is_free = endpoint.parameters.iter().all(|one| !one.is_required || one.place == Place::Header);
        let is_free = is_free
            && endpoint
                .body
                .as_ref()
                .is_none_or(|body| body.shape.properties().iter().all(|f| !f.is_required));
        (endpoint.is_read() && p.may_ask(at) && is_free && !endpoint.path.contains('{')).then(|| {
            let body = control
                .draft
                .body
                .as_ref()
                .filter(|_| endpoint.graphql.is_some())
                .map(|_| Value::Object(Default::default()));
            (at, Draft { query: Vec::new(), body, ..control.draft.clone() })
        })
    };
    p.surface.endpoints.iter().enumerate().filter_map(is_list).collect()
}

/// Whether a member names its own object, and not another one.
pub(super) fn is_own_name(name: &str) -> bool {
    ["uuid", "guid", "number", "slug", "code", "reference"].contains(&fold(name).as_str())
}

/// Whether a collection is of people who are looked after, and have no account by that.
fn is_record(collection: &str) -> bool {
    ["patient", "client", "contact"].contains(&singular(&fold(collection)).as_str())
}

fn key(collection: &str, id: &Value) -> Option<(String, String)> {
    Some((singular(&collection.to_ascii_lowercase()), scalar_text(id)?))
}

fn ids(endpoint: &Endpoint, reply: &Reply) -> BTreeSet<(String, String)> {
    let objects = reply.value.as_ref().map(|value| listed(endpoint, value)).unwrap_or_default();
    objects.iter().filter_map(|object| key(&object.collection, object.id)).collect()
}

impl Privacy {
    /// Others see this.
    fn see(&mut self, endpoint: &Endpoint, reply: &Reply, texts: &mut String) {
        const MAX_TEXTS: usize = 4 << 20;
        if reply.is_served && texts.len() < MAX_TEXTS {
            let objects = reply.value.as_ref().map(|value| listed(endpoint, value)).unwrap_or_default();
            // What hangs on other people is perhaps shown by a hole.
            let is_meant = |is_root: bool, collection: &str| is_root || !is_private_collection(collection);
            let objects = objects.iter().filter(|object| is_meant(object.is_root, &object.collection));
            self.others.extend(objects.filter_map(|object| key(&object.collection, object.id)));
            texts.push_str(&reply.text());
            texts.push('\n');
        }
    }

    fn add(&mut self, endpoint: &Endpoint, reply: &Reply, texts: &str) {
        let is_me = is_about_oneself(endpoint);
        for object in reply.value.as_ref().map(|value| listed(endpoint, value)).unwrap_or_default() {
            // What somebody sees of himself is more than what is private: his name, for one.
            let is_candidate = match is_me {
                true => !object.is_root && is_private_collection(&object.collection),
                false => object.is_root && (!is_people(&object.collection) || is_record(&object.collection)),
            };
            let Some(key) = key(&object.collection, object.id).filter(|_| is_candidate) else { continue };
            if self.others.contains(&key) || self.is_private(&object.collection, object.id) {
                continue;
            }
            let own = object.members.values().filter_map(Value::as_str);
            let own = own.filter(|text| {
                text.len() >= MIN_TEXT && !texts.contains(*text) && text.parse::<f64>().is_err()
            });
            self.objects.push(Private {
                collection: object.collection.clone(),
                id: object.id.clone(),
                names: object
                    .members
                    .iter()
                    .filter(|(name, _)| is_own_name(name))
                    .map(|(_, value)| value.clone())
                    .collect(),
                texts: own.map(str::to_owned).collect(),
            });
        }
    }

    /// Whether others have seen this object.
    pub(super) fn is_seen(&self, collection: &str, id: &Value) -> bool {
        key(collection, id).is_some_and(|key| self.others.contains(&key))
    }

    /// Whether this object is private to the victim.
    pub(super) fn is_private(&self, collection: &str, id: &Value) -> bool {
        let known = key(collection, id);
        let is_it = |object: &Private| {
            key(&object.collection, &object.id) == known
                || object.names.iter().any(|name| key(&object.collection, name) == known)
        };
        known.is_some() && self.objects.iter().any(is_it)
    }

    /// Whether the victim has private objects of this collection.
    pub(super) fn has(&self, collection: &str) -> bool {
        self.objects.iter().any(|object| is_about(&object.collection, collection))
    }

    /// A private object of the victim that an answer shows.
    pub(super) fn shown_in(&self, endpoint: &Endpoint, reply: &Reply) -> Option<&Private> {
        let objects = reply.value.as_ref().map(|value| listed(endpoint, value)).unwrap_or_default();
        let has = |private: &&Private| {
            let same = |known: &Option<(String, String)>| *known == key(&private.collection, &private.id);
            objects.iter().any(|object| object.members.len() > 1 && same(&key(&object.collection, object.id)))
        };
        let text = reply.text();
        // A text of its own, and not only its id: the request may have that.
        let says = |private: &&Private| {
            let id = scalar_text(&private.id);
            private.texts.iter().any(|own| Some(own) != id.as_ref() && text.contains(own.as_str()))
        };
        self.objects.iter().find(has).or_else(|| self.objects.iter().find(says)).filter(|_| reply.is_served)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_a_collection_in_any_number() {
        assert_eq!(key("Orders", &1.into()), key("order", &"1".into()));
        assert_ne!(key("orders", &1.into()), key("products", &1.into()));
        assert_eq!(key("orders", &Value::Null), None);
    }
}
