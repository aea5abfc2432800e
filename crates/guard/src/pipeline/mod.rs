//! The doors, in their order.

mod body;
pub(crate) mod finish;
pub(crate) mod observe;
mod readers;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod stream;
#[cfg(test)]
mod tests;

use policy::{Mode, RoutePolicy};

use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
#[cfg(feature = "rules")]
use crate::doors::injection::rules;
use crate::doors::injection::sanitize::Sanitizer;
use crate::doors::inspector::Inspector;
use crate::doors::ownership::{bindings, cedar, enumeration, issued, read_first};
use crate::doors::{
    Door, authentication, bots, cookies, cors, headers, injection, network, ownership, protocol, rate, schema,
};
use crate::exchange::Exchange;

/// A request meets the doors in this order, an answer in reverse: the first door has the last word on an answer.
pub(crate) static DOORS: Doors = Doors {
    doors: &[
        &cookies::Cookies,
        &headers::Headers,
        &protocol::Protocol,
        &network::Network,
        &cors::Cors,
        &rate::ByAddress,
        &bots::Doorstep,
        &authentication::Authentication,
        &network::UserAgent,
        &bots::Bots,
        &rate::ByIdentity,
        &rate::Stuffing,
        &schema::Schema,
        &Sanitizer,
        &injection::Detectors,
        #[cfg(feature = "rules")]
        &rules::Rules,
        &enumeration::Enumeration,
        &bindings::Bindings,
        &cedar::Cedar,
        &read_first::Objects,
        &read_first::BeforeWrite,
    ],
    inspectors: &[
        // These see what the upstream sent, ...
        #[cfg(feature = "rules")]
        &rules::response::Answers,
        &observe::Learning,
        &rate::failure::Attempts,
        &schema::server_errors::ErrorDocuments,
        // ... these what those before them have left of it.
        &ownership::answers::Answers,
        &issued::Answers,
        &schema::answers::Answers,
    ],
};

/// Doors, and what reads the bodies of answers, both in their order. At most 64 of each.
pub(crate) struct Doors {
    pub(crate) doors: &'static [&'static dyn Door],
    pub(crate) inspectors: &'static [&'static dyn Inspector],
}

/// The doors that are not off on a route, and the policy that they decide by.
#[derive(Clone, Copy)]
pub(crate) struct Pipeline<'e> {
    pub(crate) ruling: Ruling<'e>,
    all: &'static Doors,
    doors: Places,
    inspectors: Places,
}

impl<'e> Pipeline<'e> {
    pub(crate) fn new(ruling: Ruling<'e>, all: &'static Doors, route: &RoutePolicy) -> Self {
        let is_on = |id: DoorId| id.mode(route) != Mode::Off;
        let doors = Places::of(all.doors.iter().map(|door| is_on(door.id())));
        let inspectors = Places::of(all.inspectors.iter().map(|one| one.door().is_none_or(is_on)));
        Pipeline { ruling, all, doors, inspectors }
    }

    /// The same for another route that the request may be on: the doors that judge by the route.
    fn by_route(self, route: &RoutePolicy) -> Self {
        let other = Pipeline::new(self.ruling, self.all, route);
        let doors = Places::of(self.all.doors.iter().map(|door| door.judges_by_route()));
        let inspectors = Places::of(self.all.inspectors.iter().map(|one| one.judges_by_route()));
        Pipeline { doors: other.doors.and(doors), inspectors: other.inspectors.and(inspectors), ..other }
    }

    /// The doors for the reading in hand.
    fn of_reading(self, x: &Exchange<'_>) -> Self {
        match x.as_it_came() {
            None => self,
            Some(_) => self.by_route(x.route),
        }
    }

    /// The doors that are asked, in the order of a request.
    fn doors(self) -> impl DoubleEndedIterator<Item = &'static dyn Door> {
        let doors = self.all.doors.iter().enumerate();
        doors.filter(move |(at, _)| self.doors.has(*at)).map(|(_, door)| *door)
    }

    /// The inspectors that may keep an answer from the client, or change it.
    fn enforcing(self, x: &Exchange<'_>) -> impl Iterator<Item = &'static dyn Inspector> {
        self.inspectors()
            .map(|(_, inspector)| inspector)
            .filter(move |inspector| inspector.door().is_some_and(|door| door.mode(x.route) == Mode::Enforce))
    }

    /// The inspectors that are asked, with their places.
    fn inspectors(self) -> impl Iterator<Item = (usize, &'static dyn Inspector)> {
        let inspectors = self.all.inspectors.iter().copied().enumerate();
        inspectors.filter(move |(at, _)| self.inspectors.has(*at))
    }
}

/// Some places of a list, without a list of them.
#[derive(Clone, Copy)]
struct Places(u64);

impl Places {
    fn of(marks: impl Iterator<Item = bool>) -> Self {
        Places(marks.enumerate().fold(0, |all, (at, mark)| all | u64::from(mark) << at))
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn and(self, other: Places) -> Self {
        Places(self.0 & other.0)
    }

    fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }

    /// Whether a place is the last one.
    fn is_last(self, at: usize) -> bool {
        self.0 >> at == 1
    }
}
