//! What of an answer has to be held, so that a request asks for it in a form that can be read.

use policy::Door;
use policy::config::{BodyHandling, ResponseProperties};

use crate::decision::ruling::on;
use crate::doors;
use crate::doors::injection::rules::response as rules;
use crate::doors::ownership::cedar;
use crate::engine::Engine;
use crate::exchange::Exchange;

/// Whether a response of this exchange may have to be read before it leaves.
pub(crate) fn holds_response(engine: &Engine, x: &Exchange<'_>) -> bool {
    let owner = on(x, Door::Ownership)
        && (doors::ownership::needs_body(x, engine) || cedar::needs_response(x, engine));
    let shape = on(x, Door::Schema)
        && x.route.responses == ResponseProperties::Strip
        && x.route.body != BodyHandling::Stream
        && x.operation()
            .is_some_and(|o| o.responses.iter().any(|r| r.content.iter().any(|m| m.shape.is_some())));
    owner
        || shape
        || rules::needs_response(x, engine)
        || x.watched.is_some()
        || (on(x, Door::Ownership) && doors::ownership::remembers(x))
}
