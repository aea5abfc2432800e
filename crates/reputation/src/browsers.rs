//! What browsers send beside their name: client hints that agree with it, fetch metadata, and headers in the order of their
//! network stack.
//!
//! Only what no version, page, worker or script of a browser can change counts. Scripts may set `Accept`, `Accept-Language` and names of
//! their own, and these then move to the front; they cannot set `Accept-Encoding`, which the network stack adds (Fetch
//! §forbidden request-header). Safari's order differs from release to release and is not judged.

/// Whose network stack a browser has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Chrome, Edge, Opera, Brave, Samsung Internet.
    Chromium,
    /// Firefox.
    Firefox,
    /// Safari, and every browser on iOS.
    Safari,
}

/// The browser that an agent names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Browser {
    /// Whose network stack it has.
    pub family: Family,
    /// Its major version; 0 where it names none.
    pub version: u32,
    platform: Platform,
    /// Whether it says that it is on a phone.
    is_mobile: bool,
    /// A view in an app (Android WebView): apps fetch for it with programs of their own.
    is_view: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    Windows,
    Mac,
    Android,
    ChromeOs,
    /// Also what Chrome on Android says of itself when it asks for pages of a desktop.
    Linux,
    Other,
}

/// The client hints that come with each request of Chromium over TLS (User-Agent Client Hints §low entropy).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientHints<'h> {
    /// `Sec-CH-UA`.
    pub brands: Option<&'h str>,
    /// `Sec-CH-UA-Platform`.
    pub platform: Option<&'h str>,
    /// `Sec-CH-UA-Mobile`.
    pub mobile: Option<&'h str>,
}

/// Where in a head some headers stand, counted from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeaderOrder {
    /// `Accept-Encoding`.
    pub accept_encoding: Option<u8>,
    /// `Accept-Language`.
    pub accept_language: Option<u8>,
    /// `User-Agent`.
    pub user_agent: Option<u8>,
    /// `Accept`.
    pub accept: Option<u8>,
    /// `Referer`.
    pub referer: Option<u8>,
    /// `Sec-Fetch-Mode`.
    pub sec_fetch_mode: Option<u8>,
    /// `Cookie`.
    pub cookie: Option<u8>,
    /// `Upgrade-Insecure-Requests`, which comes with pages alone: no script has made the request.
    pub upgrade_insecure_requests: Option<u8>,
}

impl Browser {
    /// The browser that a `User-Agent` names; `None` where it names none that is known here.
    ///
    /// ```
    /// use reputation::browsers::{Browser, Family};
    ///
    /// let agent = b"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
    /// let firefox = Browser::read(agent).unwrap();
    /// assert_eq!((firefox.family, firefox.version), (Family::Firefox, 140));
    /// ```
    pub fn read(agent: &[u8]) -> Option<Browser> {
        /// Longer ones are nobody's.
        const LONGEST: usize = 512;
        let words = agent.strip_prefix(b"Mozilla/5.0 (").filter(|words| words.len() <= LONGEST)?;
        let (mut chrome, mut firefox, mut version) = (None, None, None);
        let (mut is_webkit, mut is_safari, mut is_gecko, mut is_ios) = (false, false, false, false);
        let (mut is_mobile, mut is_view) = (false, false);
        let mut platform = Platform::Other;
        let mut is_on = |one: Platform| {
            // Chrome on Android names Linux before.
            if matches!(platform, Platform::Other | Platform::Linux) {
                platform = one;
            }
        };
        for word in words.split(|byte| matches!(byte, b' ' | b';' | b'(' | b')')) {
            let end = word.iter().position(|byte| *byte == b'/').unwrap_or(word.len());
            let Some((name, rest)) = word.split_at_checked(end).filter(|(name, _)| !name.is_empty()) else {
                continue;
            };
            match name {
                // What is compatible with a browser is none, and neither is what names the place that it is in; EdgeHTML was
                // another network stack.
                b"compatible" | b"via" | b"Edge" => return None,
                b"Chrome" => chrome = version_in(rest),
                b"Firefox" => firefox = version_in(rest),
                b"Version" => version = version_in(rest),
                b"AppleWebKit" => is_webkit = true,
                b"Safari" => is_safari = true,
                b"Gecko" => is_gecko = true,
                b"Mobile" => is_mobile = true,
                b"wv" => is_view = true,
                b"iPhone" | b"iPad" | b"iPod" => is_ios = true,
                b"Windows" => is_on(Platform::Windows),
                b"Macintosh" => is_on(Platform::Mac),
                b"Android" => is_on(Platform::Android),
                b"CrOS" => is_on(Platform::ChromeOs),
                b"Linux" => is_on(Platform::Linux),
                _ => {}
            }
        }
        let (family, version) = match (chrome, firefox) {
            _ if is_ios && is_webkit => (Family::Safari, version.unwrap_or(0)),
            (Some(version), _) => (Family::Chromium, version),
            (None, Some(version)) if is_gecko => (Family::Firefox, version),
            (None, None) if is_safari && is_webkit => (Family::Safari, version.unwrap_or(0)),
            _ => return None,
        };
        Some(Browser { family, version, platform, is_mobile, is_view })
    }

    /// Whether it tells what a request is for (Fetch Metadata), where the site is reached over TLS or is on the same machine.
    pub fn sends_fetch_metadata(&self) -> bool {
        match self.family {
            Family::Chromium => self.version >= 80 && !self.is_view,
            Family::Firefox => self.version >= 90,
            Family::Safari => self.version >= 17,
        }
    }

    /// Whether client hints say something else than the agent. Those that are not there say nothing.
    pub fn contradicts(&self, hints: ClientHints<'_>) -> bool {
        let ClientHints { brands, platform, mobile } = hints;
        if self.family != Family::Chromium {
            // Neither Firefox nor WebKit has any.
            return brands.is_some() || platform.is_some() || mobile.is_some();
        }
        let is_other_version = brands.and_then(chromium_of).is_some_and(|version| version != self.version);
        let is_other_platform = platform.is_some_and(|named| match named.trim().trim_matches('"') {
            "Windows" => self.platform != Platform::Windows,
            "macOS" => self.platform != Platform::Mac,
            "Linux" => !matches!(self.platform, Platform::Linux | Platform::Other),
            "Android" => !matches!(self.platform, Platform::Android | Platform::Linux),
            "Chrome OS" | "Chromium OS" => !matches!(self.platform, Platform::ChromeOs | Platform::Linux),
            _ => false,
        });
        let is_other_kind = mobile.is_some_and(|said| said.trim() == "?1") && !self.is_mobile;
        is_other_version || is_other_platform || is_other_kind && self.platform != Platform::Android
    }

    /// Whether headers come in an order that its network stack can send.
    pub fn sends(&self, order: &HeaderOrder) -> bool {
        let Some(codings) = order.accept_encoding else { return true };
        let comes_first = |place: Option<u8>| place.is_none_or(|place| place < codings);
        let comes_later = |place: Option<u8>| place.is_none_or(|place| place > codings);
        let is_page = order.upgrade_insecure_requests.is_some();
        match self.family {
            Family::Chromium => {
                [order.user_agent, order.accept, order.referer, order.sec_fetch_mode]
                    .into_iter()
                    .all(comes_first)
                    && comes_later(order.cookie)
                    && (!is_page || comes_later(order.accept_language))
            }
            Family::Firefox => {
                comes_first(order.user_agent)
                    && comes_later(order.sec_fetch_mode)
                    && (!is_page || comes_first(order.accept_language))
            }
            Family::Safari => true,
        }
    }
}

/// The major version in `/131.0.0.0`.
fn version_in(rest: &[u8]) -> Option<u32> {
    leading(std::str::from_utf8(rest.strip_prefix(b"/")?).ok()?)
}

/// The number that a text begins with.
fn leading(text: &str) -> Option<u32> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// The version of Chromium in a list of brands: `"Chromium";v="131", "Not_A Brand";v="24"`.
fn chromium_of(brands: &str) -> Option<u32> {
    let mut each = brands.split(',').filter_map(|brand| brand.trim().strip_prefix("\"Chromium\";v=\""));
    leading(each.next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
    const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0";
    const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";
    const VIEW: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.0.0 Mobile Safari/537.36";
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
    const CHROME_ON_IOS: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1";

    fn browser(agent: &str) -> Browser {
        Browser::read(agent.as_bytes()).unwrap()
    }

    #[test]
    fn agents_name_browsers() {
        for (agent, family, version) in [
            (LINUX, Family::Chromium, 156),
            (EDGE, Family::Chromium, 131),
            (VIEW, Family::Chromium, 131),
            (FIREFOX, Family::Firefox, 140),
            (SAFARI, Family::Safari, 18),
            (CHROME_ON_IOS, Family::Safari, 0),
        ] {
            assert_eq!((browser(agent).family, browser(agent).version), (family, version), "{agent}");
        }
        for other in [
            "curl/8.14.1",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0 Safari/537.36 Edge/18.17763",
            "Mozilla/5.0 (Linux; Android) SomeApp/3",
            "Mozilla/5.0 (",
        ] {
            assert_eq!(Browser::read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn client_hints_agree_with_the_agent() {
        let of_156 = "\"Chromium\";v=\"156\", \"Not_A Brand\";v=\"24\"";
        let of_131 = "\"Microsoft Edge\";v=\"131\", \"Chromium\";v=\"131\", \"Not_A Brand\";v=\"24\"";
        for (agent, brands, platform, mobile, contradicts) in [
            (LINUX, Some(of_156), Some("\"Linux\""), Some("?0"), false),
            (LINUX, None, None, None, false),
            (EDGE, Some(of_131), Some("\"Windows\""), Some("?0"), false),
            (PHONE, Some(of_131), Some("\"Android\""), Some("?1"), false),
            (FIREFOX, None, None, None, false),
            // A phone that asks for pages of a desktop.
            (LINUX, Some(of_156), Some("\"Android\""), Some("?0"), false),
            // A brand that is made up, so that nobody relies on the list.
            (LINUX, Some("\"Not A;Brand\";v=\"99\""), Some("\"Unknown\""), None, false),
            (LINUX, Some(of_131), Some("\"Linux\""), Some("?0"), true),
            (LINUX, Some(of_156), Some("\"Windows\""), Some("?0"), true),
            (EDGE, Some(of_131), Some("\"macOS\""), Some("?0"), true),
            (EDGE, Some(of_131), Some("\"Windows\""), Some("?1"), true),
            (FIREFOX, Some(of_156), None, None, true),
            (SAFARI, None, Some("\"macOS\""), None, true),
        ] {
            let hints = ClientHints { brands, platform, mobile };
            assert_eq!(browser(agent).contradicts(hints), contradicts, "{agent} {hints:?}");
        }
    }

    /// The places of headers in a head.
    fn order(names: &str) -> HeaderOrder {
        let at =
            |name: &str| names.split(' ').position(|known| known == name).map(|at| u8::try_from(at).unwrap());
        HeaderOrder {
            accept_encoding: at("Accept-Encoding"),
            accept_language: at("Accept-Language"),
            user_agent: at("User-Agent"),
            accept: at("Accept"),
            referer: at("Referer"),
            sec_fetch_mode: at("Sec-Fetch-Mode"),
            cookie: at("Cookie"),
            upgrade_insecure_requests: at("Upgrade-Insecure-Requests"),
        }
    }

    #[test]
    fn headers_come_in_the_order_of_the_network_stack() {
        for (agent, names, is_possible) in [
            // As Chromium 156 sent them: a page, an image, a script that sets languages, a worker, a form, a video.
            (
                LINUX,
                "Host Upgrade-Insecure-Requests User-Agent Accept Sec-Fetch-Mode Accept-Encoding Accept-Language",
                true,
            ),
            (
                LINUX,
                "Host User-Agent Accept Sec-Fetch-Mode Referer Accept-Encoding Accept-Language Cookie",
                true,
            ),
            (
                LINUX,
                "Host Authorization Accept-Language Accept User-Agent Referer Accept-Encoding Cookie",
                true,
            ),
            (
                LINUX,
                "Host Accept Sec-Fetch-Mode Referer User-Agent Accept-Encoding Accept-Language Cookie",
                true,
            ),
            (
                LINUX,
                "Host Upgrade-Insecure-Requests Content-Type User-Agent Accept Referer Accept-Encoding Accept-Language Cookie",
                true,
            ),
            (LINUX, "Host User-Agent Accept Referer Accept-Encoding Accept-Language Cookie Range", true),
            (LINUX, "Host User-Agent", true),
            // Python's requests, Go's client with what was copied from a browser, Node's fetch, the order of Firefox.
            (LINUX, "Host User-Agent Accept-Encoding Accept Connection", false),
            (LINUX, "Host User-Agent Accept Accept-Encoding Accept-Language Referer Sec-Fetch-Mode", false),
            (LINUX, "Host User-Agent Accept-Language Accept-Encoding Accept Sec-Fetch-Mode", false),
            (
                LINUX,
                "Host Upgrade-Insecure-Requests User-Agent Accept Accept-Language Accept-Encoding",
                false,
            ),
            (LINUX, "Host Cookie User-Agent Accept Accept-Encoding Accept-Language", false),
            (
                FIREFOX,
                "Host User-Agent Accept Accept-Language Accept-Encoding Cookie Upgrade-Insecure-Requests Sec-Fetch-Mode",
                true,
            ),
            (
                FIREFOX,
                "Host Upgrade-Insecure-Requests User-Agent Accept Sec-Fetch-Mode Accept-Encoding Accept-Language",
                false,
            ),
            (SAFARI, "Host Cookie Sec-Fetch-Mode Accept-Encoding Accept User-Agent Accept-Language", true),
        ] {
            assert_eq!(browser(agent).sends(&order(names)), is_possible, "{agent}: {names}");
        }
    }

    #[test]
    fn fetch_metadata_is_sent_since_a_version() {
        for (agent, sends) in [
            (LINUX, true),
            (EDGE, true),
            (FIREFOX, true),
            (SAFARI, true),
            (VIEW, false),
            (CHROME_ON_IOS, false),
            (&LINUX.replace("156", "79"), false),
        ] {
            assert_eq!(browser(agent).sends_fetch_metadata(), sends, "{agent}");
        }
    }
}
