//! `[gateway.timeouts]`.

use std::time::Duration;

use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[gateway.timeouts]`: timeouts.
    pub struct TimeoutConfig {
        /// To connect to an upstream, TLS included: for a request in all, however many upstreams and addresses are tried.
        pub connect: Period = Period(Duration::from_secs(5)),
        /// For a client to send a request head, and to finish a TLS handshake.
        pub head: Period = Period(Duration::from_secs(10)),
        /// For a client to send a body that is held back.
        pub body: Period = Period(Duration::from_secs(30)),
        /// For a client to read a piece of what is ready for it. One that reads nothing for so long is disconnected.
        pub write: Period = Period(Duration::from_secs(60)),
        /// For a client to send the next request on a connection that serves none; pings do not count.
        pub keep_alive: Period = Period(Duration::from_secs(75)),
        /// For an upstream to answer with a head.
        pub upstream: Period = Period(Duration::from_secs(60)),
        /// For which a connection to an upstream is kept unused. Shorter than servers keep theirs, so that none is closed
        /// under a request. What a server says itself (`Keep-Alive: timeout=5`) counts instead, less a second.
        pub upstream_idle: Period = Period(Duration::from_millis(1500)),
        /// For which a connection to an upstream is used again. Then the next request gets a new one.
        pub upstream_age: Period = Period(Duration::from_secs(600)),
        /// Between two pieces of a streamed body, either way, and of an idle tunnel.
        pub idle: Period = Period(Duration::from_secs(300)),
        /// For a whole exchange that is not streamed: body in, and head out.
        pub total: Period = Period(Duration::from_secs(120)),
    }
}
