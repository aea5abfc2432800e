//! The page that sends a browser on by itself.

use maud::{DOCTYPE, html};

use super::chrome::Chrome;
use crate::texts::Texts;

/// Sends the browser to a path at once. The request that follows comes from a page of this site, so that the browser sends its
/// `SameSite=Strict` cookies with it, which it does not behind a link from elsewhere.
pub fn onward(href: &str, t: &Texts, chrome: &Chrome<'_>) -> String {
    html! {
        (DOCTYPE)
        html lang=(t.lang()) {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content={ "0;url=" (href) };
                meta name="robots" content="noindex";
                title { (chrome.site_name) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(chrome.style_href);
            }
            body {
                main { p { a href=(href) { (chrome.site_name) } } }
            }
        }
    }
    .into_string()
}
