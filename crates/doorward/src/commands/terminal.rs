//! What commands share on a terminal: progress, colours, and the name under which they report.

use indicatif::{ProgressBar, ProgressStyle};
use report::sarif::Tool;
use report::text::Style;

/// This program, as reports name it.
pub(crate) const TOOL: Tool<'static> = Tool { name: "doorward", version: env!("CARGO_PKG_VERSION") };

/// A bar on standard error; nothing when that is not a terminal.
pub(crate) fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:30}] {pos}/{len} {prefix} {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Plain when NO_COLOR is set (<https://no-color.org>).
pub(crate) fn style() -> Style {
    match std::env::var_os("NO_COLOR") {
        Some(value) if !value.is_empty() => Style::Plain,
        _ => Style::Auto,
    }
}
