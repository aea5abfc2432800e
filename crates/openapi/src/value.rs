//! Texts in YAML or JSON as trees.

use serde_json::Value;

use crate::diagnostics::{Problem, Source};

/// The text of a document, YAML or JSON, as a tree.
///
/// # Errors
/// When it is neither.
pub fn read_value(source: &Source) -> Result<Value, Problem> {
    let at = |line: usize, column: usize| {
        let before: usize =
            source.text().split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let at = (before + column.saturating_sub(1)).min(source.text().len());
        Some(at..at)
    };
    if source.text().trim_start().starts_with('{') {
        return serde_json::from_str(source.text())
            .map_err(|e| source.problem(at(e.line(), e.column()), format!("not JSON: {e}")));
    }
    // YAML 1.2, as OpenAPI asks: `y`, `no` and `off` are texts.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(source.text(), options).map_err(|e| {
        let span =
            e.location().and_then(|l| at(usize::try_from(l.line()).ok()?, usize::try_from(l.column()).ok()?));
        let message = e.without_snippet().to_string();
        source.problem(span, format!("not YAML: {}", message.lines().next().unwrap_or("")))
    })
}
