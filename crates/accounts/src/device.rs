//! What a program calls itself (`User-Agent`), as people say it: `Firefox on Linux`. Of what it sends nothing else is shown in
//! mails: it says what its sender wants.

use crate::texts::{Texts, fill};

/// The first that is in the header counts: browsers name those that they are like behind themselves.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// The browser and its system, where both are known.
pub(crate) fn named(user_agent: &str, texts: &Texts) -> Option<String> {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(word, _)| user_agent.contains(word)).map(|(_, name)| *name)
    };
    let (browser, system) = (find(&BROWSERS)?, find(&SYSTEMS)?);
    Some(fill(&texts.common.device, &[("browser", browser), ("system", system)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_as_people_call_them() {
        let of = |lang: &str, header: &str| named(header, Texts::of(lang).unwrap());
        let chrome = "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        for (header, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {chrome}"),
                "Chrome on Windows",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 {chrome} Edg/140.0"
                ),
                "Edge on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (&format!("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 {chrome}"), "Chrome on Android"),
        ] {
            assert_eq!(of("en", header).as_deref(), Some(name));
        }
        let german = of("de", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        assert_eq!(german.as_deref(), Some("Firefox auf Linux"));
        for other in ["", "curl/8.5.0", "your account is locked, call 555", "Chrome/1"] {
            assert_eq!(of("en", other), None, "{other}");
        }
    }
}
