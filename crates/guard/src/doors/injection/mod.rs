//! Injection: "will the server execute what I put in this field?" ([guide §1], [guide §3], [guide §9])
//!
//! [guide §1]: https://github.com/doorward/doorward/blob/main/docs/guide.md#1-sql-injection
//! [guide §3]: https://github.com/doorward/doorward/blob/main/docs/guide.md#3-cross-site-scripting
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

mod addresses;
mod classes;
mod fields;
mod finding;
mod fragments;
mod judging;
mod records;
#[cfg(feature = "rules")]
pub(crate) mod rules;
pub(crate) mod sanitize;
mod source;
mod stream;

use policy::{BuiltInDoor, NativeDetectors};

use self::judging::Judging;
use super::{Step, StreamJudge};
use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::forward::Reader;

/// The detectors.
pub(crate) struct Detectors;

impl super::Door for Detectors {
    fn id(&self) -> DoorId {
        BuiltInDoor::Injection.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit_head(x, ruling.engine).into()
    }

    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        admit_body(x, ruling.engine).into()
    }

    fn stream_judge(&self, ruling: Ruling<'_>, x: &Exchange<'_>) -> Option<StreamJudge> {
        stream::judge(ruling.engine, x)
    }
}

/// Judges path segments, query, cookies and headers.
fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if engine.policy.injection.detectors == NativeDetectors::Off {
        return Decision::Pass;
    }
    let mut judging = Judging::new(x.route, &x.suspicion, engine.policy.injection.max_decode_depth);
    match judging.head(x) {
        Err(refused) => refused,
        Ok(()) => judging.reported(),
    }
}

/// Judges every input of the body.
fn admit_body(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(body) = x.body.as_ref().filter(|_| engine.policy.injection.detectors == NativeDetectors::On)
    else {
        return Decision::Pass;
    };
    let mut judging = Judging::new(x.route, &x.suspicion, engine.policy.injection.max_decode_depth);
    match judging.body(x, body) {
        Err(refused) => refused,
        Ok(()) => judging.reported(),
    }
}
