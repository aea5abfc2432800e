//! The pool: every id that the API has given, to whom, and whose it is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::answer::values::{Found, id_of, is_id_name, objects};
use crate::request::Draft;
use crate::surface::sensitive::is_people;
use crate::surface::shape::{fold, singular, without_preposition};
use crate::surface::{Endpoint, Kind, Shape};
use crate::who::Who;

/// The most values that are kept.
const MAX_KNOWN: usize = 4000;

/// Names that hold what an answer is about, and are not its name.
const ENVELOPES: [&str; 20] = [
    "", "data", "items", "results", "result", "rows", "content", "entries", "records", "list", "docs",
    "hits", "payload", "response", "body", "value", "values", "page", "object", "edges",
];

/// Names of members that say whose an object is.
const OWNERS: [&str; 16] = [
    "owner",
    "ownerid",
    "user",
    "userid",
    "author",
    "authorid",
    "createdby",
    "customer",
    "customerid",
    "account",
    "accountid",
    "member",
    "memberid",
    "username",
    "creator",
    "creatorid",
];

/// A value that the API has given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// The value.
    pub(crate) value: Value,
    /// The name of the member that it stood in.
    pub(crate) member: String,
    /// What it is an id of, or stands in: `orders`.
    pub(crate) collection: String,
    /// Whether it is the id of its object.
    pub(crate) is_id: bool,
    /// Who has seen it.
    pub(crate) seen_by: BTreeSet<Who>,
    /// Whose it is, where that is certain.
    pub(crate) owner: Option<Who>,
    /// The parameters of the path under which it was seen.
    pub(crate) path: Vec<(String, String)>,
}

/// Whose values are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owned {
    /// Those of this account, for certain.
    By(Who),
    /// Any that this account may use: its own first, then what it has seen.
    Usable(Who),
}

/// The values that the API has given.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    known: Vec<Known>,
    /// Ids and names that accounts have themselves.
    selves: Vec<(Who, String)>,
    /// Names of parameters of paths: what stands under them in an answer is kept, whatever it is called.
    wanted: BTreeSet<String>,
}

impl Pool {
    /// A pool that keeps what the paths of these operations ask for.
    pub(crate) fn of(endpoints: &[Endpoint]) -> Self {
        let wanted = endpoints.iter().flat_map(Endpoint::path_names).map(fold).collect();
        Pool { wanted, ..Pool::default() }
    }

    /// Whether a path asks for a member: `title` of `books` for `{title}` and for `{book_title}`.
    fn is_wanted(&self, member: &str, collection: &str) -> bool {
        let member = fold(member);
        self.wanted.contains(&member)
            || self.wanted.contains(&format!("{}{member}", singular(&fold(collection))))
    }

    /// Notes that an account is known by an id or a name.
    pub(crate) fn note_self(&mut self, who: Who, text: &str) {
        if !text.is_empty() && !self.selves.iter().any(|(known, same)| *known == who && same == text) {
            self.selves.push((who, text.to_owned()));
        }
    }

    /// What an account is known by.
    pub(crate) fn selves(&self, who: Who) -> Vec<String> {
        self.selves.iter().filter(|(known, _)| *known == who).map(|(_, text)| text.clone()).collect()
    }

    /// Learns the ids of an answer that was served.
    pub(crate) fn learn(&mut self, endpoint: &Endpoint, draft: &Draft, who: Who, value: &Value) {
        let is_me = is_about_oneself(endpoint);
        let mut has_made = false;
        for found in objects(value) {
            let is_root = is_root(&found, value);
            let collection = if is_root { endpoint.collection() } else { found.name.to_owned() };
            let collection = if is_me && is_root { "users".to_owned() } else { collection };
            let made = endpoint.is_creation() && is_root && !found.is_listed && !has_made;
            has_made |= made;
            let is_mine = made || (is_me && (is_root || (found.is_listed && found.depth == 1)));
            let owner = if is_mine { Some(who) } else { self.owner_of(&found) };
            let wanted =
                || found.members.keys().map(String::as_str).find(|name| self.is_wanted(name, &collection));
            let id = id_of(found.members, &singular(&collection)).map(|(name, _)| name).or_else(wanted);
            let id = id.map(str::to_owned);
            if is_me && is_root && who != Who::Nobody {
                let names =
                    ["id", "username", "email", "login", "uuid", "sub", "userid", "accountid", "memberid"];
                for (name, value) in found.members {
                    if names.contains(&fold(name).as_str())
                        && let Some(text) = crate::request::scalar_text(value)
                    {
                        self.note_self(who, &text);
                    }
                }
            }
            for (name, value) in found.members {
                let is_scalar = value.is_string() || value.is_u64() || value.is_i64();
                let is_long = value.as_str().is_some_and(|text| text.is_empty() || text.len() > 200);
                let is_id = id.as_ref() == Some(name);
                if is_scalar && !is_long && (is_id || is_id_name(name) || self.is_wanted(name, &collection)) {
                    self.add(Known {
                        value: value.clone(),
                        member: name.clone(),
                        collection: collection.clone(),
                        is_id,
                        seen_by: BTreeSet::from([who]),
                        // Of what an object names, its own names are its owner's; what it refers to is not.
                        owner: owner.filter(|_| is_id || !is_id_name(name)),
                        path: draft.path.clone(),
                    });
                }
            }
        }
    }

    /// Notes an object that an account has made, where no answer says its id.
    pub(crate) fn note_made(
        &mut self,
        endpoint: &Endpoint,
        draft: &Draft,
        who: Who,
        member: &str,
        value: &Value,
    ) {
        self.add(Known {
            value: value.clone(),
            member: member.to_owned(),
            collection: endpoint.collection(),
            is_id: true,
            seen_by: BTreeSet::from([who]),
            owner: Some(who),
            path: draft.path.clone(),
        });
    }

    fn add(&mut self, new: Known) {
        let same = |known: &&mut Known| {
            known.value == new.value
                && known.member == new.member
                && singular(&known.collection) == singular(&new.collection)
        };
        let mut is_new = false;
        match self.known.iter_mut().find(same) {
            Some(known) => {
                known.seen_by.extend(new.seen_by.iter().copied());
                known.owner = known.owner.or(new.owner);
                if known.path.len() < new.path.len() {
                    known.path.clone_from(&new.path);
                }
            }
            None => is_new = true,
        }
        if is_new && self.known.len() < MAX_KNOWN {
            self.known.push(new);
        }
    }

    /// Whose an object is, by a member that says so.
    fn owner_of(&self, found: &Found<'_>) -> Option<Who> {
        found.members.iter().find_map(|(name, value)| {
            if !OWNERS.contains(&fold(name).as_str()) {
                return None;
            }
            let text = match value {
                Value::Object(members) => {
                    id_of(members, "").map(|(_, value)| value).and_then(crate::request::scalar_text)
                }
                scalar => crate::request::scalar_text(scalar),
            }?;
            let mut of = self.selves.iter().filter(|(_, known)| *known == text).map(|(who, _)| *who);
            of.next()
        })
    }

    /// Forgets a value: its object is gone.
    pub(crate) fn forget(&mut self, value: &Value) {
        self.known.retain(|known| !(known.is_id && known.value == *value));
    }

    /// Everything that is known.
    pub(crate) fn known(&self) -> &[Known] {
        &self.known
    }

    /// The values that fit a name, best first. `hint` is what stands before it in a path, or what a field is about.
    pub(crate) fn candidates(
        &self,
        name: &str,
        hint: &str,
        shape: Option<&Shape>,
        owned: Owned,
    ) -> Vec<Known> {
        let fits_shape = |known: &Known| match shape.map(|shape| &shape.kind) {
            Some(Kind::Integer | Kind::Number) => known.value.is_number(),
            _ => true,
        };
        let mut ranked: Vec<(usize, usize, &Known)> = self
            .known
            .iter()
            .enumerate()
            .filter(|(_, known)| fits_shape(known))
            .filter_map(|(nth, known)| {
                let whose = match owned {
                    Owned::By(who) => (known.owner == Some(who)).then_some(0)?,
                    Owned::Usable(who) => match known.owner {
                        Some(owner) if owner == who => 0,
                        _ if known.seen_by.contains(&who) && known.owner.is_none() => 1,
                        _ if known.seen_by.contains(&who) => 2,
                        _ if known.seen_by.contains(&Who::Nobody) => 3,
                        _ => return None,
                    },
                };
                Some((10 - fit(known, name, hint)?, whose, nth, known))
            })
            .map(|(fit, whose, nth, known)| (fit * 4 + whose, nth, known))
            .collect();
        ranked.sort_by_key(|(rank, nth, _)| (*rank, *nth));
        ranked.into_iter().map(|(_, _, known)| known.clone()).collect()
    }
}

/// How well a value fits a name: 1 for hardly, 5 for certainly; `None` if not.
fn fit(known: &Known, name: &str, hint: &str) -> Option<usize> {
    let (folded, member) = (without_preposition(name), fold(&known.member));
    let is_about = |what: &str| {
        crate::surface::graphql::is_about(&known.collection, what)
            // `member` for what `author` shows: people are called by what they do.
            || !what.is_empty() && is_anybody(what) && is_anybody(&known.collection)
    };
    if ["id", "pk", "uuid", "guid", "slug", "key", "ref", "number", "code"].contains(&folded.as_str()) {
        return match (is_about(hint), known.is_id, member == folded) {
            (true, _, true) => Some(5),
            (true, true, _) => Some(4),
            (false, true, _) if hint.is_empty() || known.collection.is_empty() => Some(1),
            _ => None,
        };
    }
    let suffix = ["uuid", "number", "slug", "code", "key", "ids", "id", "no"]
        .iter()
        .find(|end| folded.ends_with(**end));
    let stem = suffix.and_then(|end| folded.strip_suffix(end)).unwrap_or("");
    if !stem.is_empty() && is_about(stem) && known.is_id {
        return Some(5);
    }
    if member == folded {
        return Some(4);
    }
    // `{book_title}` is the title of a book.
    if folded == format!("{}{member}", singular(&fold(&known.collection))) {
        return Some(5);
    }
    // `{order}` after `orders`, and the user that a member with another name means.
    if is_about(&folded) && known.is_id {
        return Some(4);
    }
    let is_person =
        ["owner", "author", "member", "customer", "account", "assignee", "creator"].contains(&stem);
    if is_person && is_about("users") && known.is_id {
        return Some(3);
    }
    // Whatever it is called: `{num}` or `{pid}` after `orders` is hardly anything else than the id of one.
    (!hint.is_empty() && is_about(hint) && known.is_id).then_some(2)
}

/// Whether a name means any of the people that use the API.
fn is_anybody(name: &str) -> bool {
    let roles = ["owner", "author", "assignee", "creator", "sender", "recipient"];
    !fold(name).contains("patient")
        && !fold(name).contains("client")
        && !fold(name).contains("employee")
        && (is_people(name) || roles.contains(&singular(&fold(name)).as_str()))
}

/// An object of an answer with its id.
pub(crate) struct Listed<'v> {
    /// What it is one of.
    pub(crate) collection: String,
    /// Its id.
    pub(crate) id: &'v Value,
    /// Its members.
    pub(crate) members: &'v Map<String, Value>,
    /// Whether it is what the answer is about, and not something within.
    pub(crate) is_root: bool,
}

/// The objects of an answer that have an id.
pub(crate) fn listed<'v>(endpoint: &Endpoint, value: &'v Value) -> Vec<Listed<'v>> {
    let object = |found: Found<'v>| {
        let is_root = is_root(&found, value);
        let collection = if is_root { endpoint.collection() } else { found.name.to_owned() };
        let id = id_of(found.members, &singular(&collection)).map(|(_, id)| id)?;
        Some(Listed { collection, id, members: found.members, is_root })
    };
    objects(value).into_iter().filter_map(object).collect()
}

/// The id of the object that an answer is, with the name of its member.
pub(crate) fn root_id(endpoint: &Endpoint, value: &Value) -> Option<(String, Value)> {
    if is_id_scalar(value) {
        return Some(("id".into(), value.clone()));
    }
    let stem = singular(&endpoint.collection());
    let objects = objects(value);
    let roots = objects.iter().filter(|found| is_root(found, value) && !found.is_listed);
    let id =
        |found: &Found<'_>| id_of(found.members, &stem).map(|(name, value)| (name.to_owned(), value.clone()));
    roots.filter_map(id).next()
}

/// Whether an answer is nothing but an id.
fn is_id_scalar(value: &Value) -> bool {
    value.is_u64() || value.as_str().is_some_and(|text| (8..=64).contains(&text.len()) && !text.contains(' '))
}

/// Whether an operation is about the account that asks.
pub(crate) fn is_about_oneself(endpoint: &Endpoint) -> bool {
    let words = ["me", "self", "profile", "account", "whoami", "current", "myself", "userinfo", "viewer"];
    let last = endpoint.collection();
    let last = fold(&last);
    let last = last.strip_prefix("my").filter(|rest| words.contains(rest)).unwrap_or(&last);
    (words.contains(&last) || last.starts_with("current") || last.ends_with("me") && last.starts_with("get"))
        && !endpoint.path.contains('{')
        && endpoint.parameters.iter().all(|parameter| !parameter.is_required)
}

/// Whether an object is what the answer is about, and not something within.
fn is_root(found: &Found<'_>, whole: &Value) -> bool {
    if found.depth == 0 {
        // An envelope is not the object: `{"data": {…}, "meta": {…}}`.
        let holds = |name: &str| whole.get(name).is_some_and(|inner| inner.is_object() || inner.is_array());
        let is_envelope = ["data", "result", "payload", "response"].iter().any(|name| holds(name));
        return !is_envelope || found.is_listed;
    }
    // `{"order": {…}}`: the only object of an envelope.
    let is_only = found.depth == 1 && whole.as_object().is_some_and(|members| members.len() == 1);
    ENVELOPES.contains(&fold(found.name).as_str()) || is_only
}
