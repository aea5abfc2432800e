//! Listeners, TLS, upstreams, reload and the admin listener
