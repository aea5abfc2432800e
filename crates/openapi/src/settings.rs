//! What `x-doorward` says at the levels of a document.

use serde_json::Value;

use crate::shape::escape;

/// Settings under `x-doorward`: the name, the value and the pointer of each.
pub(crate) type Settings = Vec<(String, Value, String)>;

/// What the levels of a document say together; the nearest one counts. An error names the place and what is wrong.
pub(crate) fn settings(levels: &[(&Value, &str)]) -> Result<Settings, (String, &'static str)> {
    const KEY: &str = "x-doorward";
    let mut settings = Settings::new();
    for (holder, pointer) in levels {
        let Some(written) = holder.get(KEY) else { continue };
        let at = format!("{pointer}/{KEY}");
        let Value::Object(map) = written else { return Err((at, "`x-doorward` is not an object")) };
        for (name, value) in map {
            settings.retain(|(known, ..)| known != name);
            settings.push((name.clone(), value.clone(), format!("{at}/{}", escape(name))));
        }
    }
    Ok(settings)
}
