//! What commands share on a terminal: progress, colours, and the name under which they report.

use attack::GuideDoor;
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

/// The progress of an attack: which door, which attack of how many, and how long it may still take.
pub(crate) struct AttackProgress {
    bar: ProgressBar,
    doors: Vec<GuideDoor>,
}

/// The steps of a run that are no attacks.
pub(crate) const OTHER_STEPS: usize = 4;

/// For the attacks on these doors; on all of them when there is none.
pub(crate) fn attack_progress(doors: &[GuideDoor]) -> AttackProgress {
    let is_wanted = |door: &GuideDoor| doors.is_empty() || doors.contains(door);
    let doors: Vec<GuideDoor> = GuideDoor::ALL.into_iter().filter(is_wanted).collect();
    let count = attack::all().filter(|attack| doors.contains(&attack.door)).count();
    let bar = progress(count + OTHER_STEPS);
    let template = "{spinner} [{bar:30}] {pos}/{len} {prefix}{msg} ({elapsed}, about {eta} left)";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    AttackProgress { bar, doors }
}

impl AttackProgress {
    /// The next step begins.
    pub(crate) fn step(&self, name: &str) {
        let door = attack::all().find(|attack| attack.name == name).map(|attack| attack.door);
        let nth = door.and_then(|door| self.doors.iter().position(|known| *known == door));
        self.bar.set_prefix(match (door, nth) {
            (Some(door), Some(nth)) => format!("door {} of {}, {}: ", nth + 1, self.doors.len(), door.name()),
            _ => String::new(),
        });
        self.bar.set_message(name.to_owned());
        self.bar.inc(1);
    }

    /// It is over.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Plain when NO_COLOR is set (<https://no-color.org>).
pub(crate) fn style() -> Style {
    match std::env::var_os("NO_COLOR") {
        Some(value) if !value.is_empty() => Style::Plain,
        _ => Style::Auto,
    }
}
