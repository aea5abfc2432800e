//! Engine settings that directives change.

use std::time::Duration;

/// `SecRuleEngine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineMode {
    /// Rules may refuse an exchange.
    On,
    /// Rules run, and refuse nothing.
    DetectionOnly,
    /// No rule runs.
    Off,
}

impl EngineMode {
    /// Parses a mode, whatever its case.
    pub(crate) fn named(text: &str) -> Option<EngineMode> {
        [("on", EngineMode::On), ("off", EngineMode::Off), ("detectiononly", EngineMode::DetectionOnly)]
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, mode)| mode)
    }
}

/// Settings from directives.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) mode: EngineMode,
    pub(crate) argument_separator: u8,
    /// Arguments of a query or a form.
    pub(crate) arguments_limit: usize,
    /// Arguments of a JSON body. Lists have more of them than forms have fields; a limit that is written holds for both.
    pub(crate) json_arguments_limit: usize,
    pub(crate) signature: Vec<String>,
    /// How long an unchanged record lasts.
    pub(crate) collection_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            mode: EngineMode::On,
            argument_separator: b'&',
            arguments_limit: 1000,
            json_arguments_limit: 10_000,
            signature: Vec::new(),
            collection_timeout: Duration::from_secs(3600),
        }
    }
}
