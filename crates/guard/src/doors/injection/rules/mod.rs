//! The OWASP Core Rule Set in the injection door: an API's request as a rule set made for websites should see it.
//!
//! Its defaults refuse PUT, PATCH and DELETE, and media types that APIs speak; so its own variables are set from the
//! route and the document. It does not see parameters in paths, and bodies that it has no reader for; so they are
//! arguments. No rule file is touched.

mod audit;
mod readings;
mod request;
pub(crate) mod response;

use http::response::Parts;
use http::{HeaderMap, StatusCode};
use policy::BuiltInDoor;

use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::doors::Step;
use crate::exchange::Exchange;
use crate::forward::Reader;

/// The part of the injection door that runs a rule set.
pub(crate) struct Rules;

impl crate::doors::Door for Rules {
    fn id(&self) -> DoorId {
        BuiltInDoor::Injection.into()
    }

    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        request::admit(ruling, x).into()
    }

    /// Rules see of a streamed request what is there: all but its body.
    fn admit_stream<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        _: &'a Reader,
    ) -> Step<'a> {
        request::admit(ruling, x).into()
    }

    fn release_head<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, parts: &Parts) -> Decision {
        response::release_head(ruling, x, parts)
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        status: StatusCode,
        _: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        response::finish(ruling, x, status);
        Step::Now(())
    }
}
