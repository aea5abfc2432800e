//! Charts as inline SVG. Each says in words what it shows; colours only repeat it.
//!
//! Fills are attributes first and classes second: a server that takes the style away leaves them.

use maud::{Markup, html};

use crate::check::{Counts, Verdict};
use crate::level::Level;
use crate::results::Report;

/// A bar for each level.
pub(super) fn levels(report: &Report) -> Markup {
    let bars = Level::ALL.map(|level| (level.name(), level_fill(level), report.at_level(level)));
    bars_of("Findings by level", &bars)
}

/// A bar for each verdict.
pub(super) fn verdicts(counts: Counts) -> Markup {
    let bars = Verdict::ALL.map(|verdict| (verdict.title(), verdict_fill(verdict), counts.get(verdict)));
    bars_of("Checks by how they ended", &bars)
}

const ROW: usize = 26;
/// Where bars begin, and how long the longest is.
const START: usize = 130;
const LENGTH: usize = 170;

fn bars_of(title: &str, bars: &[(&str, (&str, &str), usize)]) -> Markup {
    let most = bars.iter().map(|(_, _, count)| *count).max().unwrap_or(0).max(1);
    let parts: Vec<String> = bars.iter().map(|(name, _, count)| format!("{name} {count}")).collect();
    let words = format!("{title}: {}", parts.join(", "));
    html! {
        svg viewBox={ "0 0 340 " (bars.len() * ROW) } role="img" aria-label=(words) {
            @for (row, (name, (class, fill), count)) in bars.iter().enumerate() {
                // A few are still seen beside many.
                @let length = if *count == 0 { 0 } else { (count * LENGTH / most).max(3) };
                text.label x=(START - 8) y=(row * ROW + 17) text-anchor="end" font-size="13" { (name) }
                rect.track x=(START) y=(row * ROW + 5) width=(LENGTH) height="16" rx="3" fill="none" {}
                rect class={ "fill-" (class) } x=(START) y=(row * ROW + 5) width=(length) height="16" rx="3" fill=(fill) {}
                text.label x=(START + LENGTH + 8) y=(row * ROW + 17) font-size="13" { (count) }
            }
        }
    }
}

const fn level_fill(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::Critical => ("critical", "#8c1d18"),
        Level::High => ("high", "#c4421a"),
        Level::Medium => ("medium", "#b07d00"),
        Level::Low => ("low", "#3d73b8"),
        Level::Info => ("info", "#6e7781"),
    }
}

const fn verdict_fill(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Open => ("open", "#b3261e"),
        Verdict::Unknown => ("unknown", "#b07d00"),
        Verdict::NotTried => ("not-tried", "#6e7781"),
        Verdict::Shut => ("shut", "#1f7a48"),
    }
}
