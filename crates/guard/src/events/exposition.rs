//! The formats in which metrics are asked for.

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;

/// A format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// The text format of Prometheus, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Exposition {
    /// The format that a header `Accept` asks for: OpenMetrics where it is named and not liked less than the other.
    pub fn asked_for(accept: &str) -> Self {
        let liking = |media: &str| {
            let range = accept.split(',').find(|range| {
                range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(media))
            })?;
            let q = range.split(';').find_map(|part| part.trim().strip_prefix("q="));
            Some(q.map_or(1.0, |q| q.trim().parse::<f64>().unwrap_or(0.0)))
        };
        let open = liking("application/openmetrics-text").unwrap_or(0.0);
        if open > 0.0 && open >= liking("text/plain").unwrap_or(0.0) {
            Exposition::OpenMetrics
        } else {
            Exposition::Text
        }
    }

    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Exposition::Text => prometheus_text::CONTENT_TYPE,
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    pub(crate) fn text(self, registry: &Registry) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = match self {
            Exposition::Text => prometheus_text::encode(&mut out, registry),
            Exposition::OpenMetrics => text::encode(&mut out, registry),
        };
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_liked_more() {
        use Exposition::{OpenMetrics, Text};
        for (accept, expected) in [
            ("", Text),
            ("*/*", Text),
            ("text/plain", Text),
            ("application/openmetrics-text", OpenMetrics),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
                OpenMetrics,
            ),
            ("application/openmetrics-text;q=0.2, text/plain;q=0.9", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=x", Text),
        ] {
            assert_eq!(Exposition::asked_for(accept), expected, "{accept}");
        }
    }
}
