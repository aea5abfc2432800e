//! The stylesheet and the script, under names that change with their content: a browser may keep them for good.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("passkeys.js");

static STYLE_NAME: LazyLock<String> = LazyLock::new(|| named("style", STYLE, "css"));
static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| named("passkeys", SCRIPT, "js"));

/// The name of the stylesheet.
pub fn style_name() -> &'static str {
    &STYLE_NAME
}

/// The name of the script for passkeys.
pub fn script_name() -> &'static str {
    &SCRIPT_NAME
}

/// The content type and the text of an asset.
pub fn asset(name: &str) -> Option<(&'static str, &'static str)> {
    if name == style_name() {
        Some(("text/css; charset=utf-8", STYLE))
    } else if name == script_name() {
        Some(("text/javascript; charset=utf-8", SCRIPT))
    } else {
        None
    }
}

fn named(stem: &str, content: &str, extension: &str) -> String {
    let hash: String = Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{stem}-{hash}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_found_by_their_present_name_only() {
        assert!(asset(style_name()).unwrap().1.contains("color-scheme"));
        assert!(asset(script_name()).unwrap().1.contains("navigator.credentials"));
        for name in ["", "style.css", "style-0000000000000000.css", "../style.css"] {
            assert_eq!(asset(name), None, "{name}");
        }
    }
}
