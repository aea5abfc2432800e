//! What a request shows of the program that sent it: its agent's name, and whether its headers fit that name.
//!
//! The names are those that the programs' makers publish. Tools that attack are not among them: the detector `scanner` refuses
//! those. All of it can be forged by leaving it out; what is shown is a hint
//! and counts points, it proves nothing. Only [`Crawler`]s can be verified.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is seen of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// A browser that is driven by a program: HeadlessChrome, PhantomJS.
    Automation,
    /// A crawler that collects texts for language models: GPTBot, ClaudeBot, CCBot.
    AiCrawler,
    /// A crawler of a search engine: Googlebot, bingbot.
    SearchCrawler,
    /// It says that it is a crawler, and its address is not one of that crawler's.
    ForgedCrawler,
    /// A library or a tool for all purposes: curl, python-requests.
    Library,
    /// It says that it is a browser, and sends other headers than browsers do.
    OddHeaders,
    /// It says that it is a browser, and its client hints say something else.
    ClientHints,
    /// It says that it is a browser, and does not tell what a request is for (Fetch Metadata), as that browser does.
    FetchMetadata,
    /// It says that it is a browser, and its headers come in an order that the browser cannot send.
    HeaderOrder,
    /// No agent.
    NoAgent,
}

impl Signal {
    /// All of them.
    pub const ALL: [Signal; 10] = [
        Signal::Automation,
        Signal::AiCrawler,
        Signal::SearchCrawler,
        Signal::ForgedCrawler,
        Signal::Library,
        Signal::OddHeaders,
        Signal::ClientHints,
        Signal::FetchMetadata,
        Signal::HeaderOrder,
        Signal::NoAgent,
    ];

    /// Its name in configuration and events.
    pub const fn name(self) -> &'static str {
        match self {
            Signal::Automation => "automation",
            Signal::AiCrawler => "ai-crawler",
            Signal::SearchCrawler => "search-crawler",
            Signal::ForgedCrawler => "forged-crawler",
            Signal::Library => "library",
            Signal::OddHeaders => "odd-headers",
            Signal::ClientHints => "client-hints",
            Signal::FetchMetadata => "fetch-metadata",
            Signal::HeaderOrder => "header-order",
            Signal::NoAgent => "no-agent",
        }
    }

    /// Its points where no policy says otherwise.
    pub const fn usual_points(self) -> u32 {
        match self {
            Signal::ForgedCrawler => 60,
            Signal::Automation => 50,
            Signal::OddHeaders | Signal::ClientHints => 30,
            Signal::NoAgent => 20,
            // Proxies, extensions and views in apps strip and reorder.
            Signal::Library | Signal::FetchMetadata | Signal::HeaderOrder => 10,
            Signal::AiCrawler | Signal::SearchCrawler => 0,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Signal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Signal::ALL.into_iter().find(|signal| signal.name() == text).ok_or_else(|| {
            let names = Signal::ALL.map(|signal| format!("`{signal}`")).join(", ");
            format!("unknown signal `{text}`, expected one of {names}")
        })
    }
}

impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A crawler that can be verified: the name of its address ends so, and leads back to the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crawler {
    /// The name that its agent has.
    pub name: &'static str,
    /// How the names of its addresses end.
    pub hosts: &'static [&'static str],
}

/// Crawlers whose makers say how the names of their addresses end.
const CRAWLERS: [Crawler; 9] = [
    Crawler { name: "googlebot", hosts: &[".googlebot.com", ".google.com"] },
    Crawler { name: "googleother", hosts: &[".googlebot.com", ".google.com"] },
    Crawler { name: "bingbot", hosts: &[".search.msn.com"] },
    Crawler { name: "applebot", hosts: &[".applebot.apple.com"] },
    Crawler { name: "yandexbot", hosts: &[".yandex.ru", ".yandex.net", ".yandex.com"] },
    Crawler { name: "baiduspider", hosts: &[".crawl.baidu.com", ".crawl.baidu.jp"] },
    Crawler { name: "slurp", hosts: &[".crawl.yahoo.net"] },
    Crawler { name: "ccbot", hosts: &[".crawl.commoncrawl.org"] },
    Crawler { name: "amazonbot", hosts: &[".crawl.amazonbot.amazon"] },
];

const AUTOMATION: &[&str] =
    &["headlesschrome", "phantomjs", "slimerjs", "puppeteer", "playwright", "selenium", "chrome-lighthouse"];

const AI_CRAWLERS: &[&str] = &[
    "gptbot",
    "oai-searchbot",
    "chatgpt-user",
    "claudebot",
    "claude-user",
    "claude-searchbot",
    "anthropic-ai",
    "ccbot",
    "bytespider",
    "googleother",
    "amazonbot",
    "perplexitybot",
    "perplexity-user",
    "meta-externalagent",
    "facebookbot",
    "cohere-ai",
    "duckassistbot",
    "mistralai-user",
    "youbot",
    "diffbot",
    "petalbot",
    "tiktokspider",
    "imagesiftbot",
    "timpibot",
    "omgili",
    "firecrawlagent",
    "crawl4ai",
    "tavilybot",
    "deepseekbot",
];

const SEARCH_CRAWLERS: &[&str] =
    &["googlebot", "bingbot", "applebot", "duckduckbot", "yandexbot", "baiduspider", "slurp"];

/// Names with which an agent begins.
const LIBRARIES: &[&str] = &[
    "curl/",
    "wget/",
    "python-requests/",
    "python-urllib/",
    "python-httpx/",
    "aiohttp/",
    "go-http-client/",
    "java/",
    "apache-httpclient/",
    "okhttp/",
    "libwww-perl/",
    "scrapy/",
    "axios/",
    "node-fetch/",
    "undici",
    "guzzlehttp/",
    "ruby",
    "reqwest/",
    "python/",
];

/// What an agent's name shows, and the crawler that it says it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agent {
    /// What it shows.
    pub signal: Option<Signal>,
    /// The crawler, where it can be verified.
    pub crawler: Option<Crawler>,
    /// Whether it says that a person browses.
    pub is_browser: bool,
}

struct Names {
    search: AhoCorasick,
    /// By pattern.
    signals: Vec<Signal>,
}

static NAMES: LazyLock<Option<Names>> = LazyLock::new(|| {
    let groups = [
        (AUTOMATION, Signal::Automation),
        (AI_CRAWLERS, Signal::AiCrawler),
        (SEARCH_CRAWLERS, Signal::SearchCrawler),
    ];
    let patterns = groups.iter().flat_map(|(names, signal)| names.iter().map(move |name| (*name, *signal)));
    let (names, signals): (Vec<&str>, Vec<Signal>) = patterns.unzip();
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(names)
        .ok()?;
    Some(Names { search, signals })
});

impl Agent {
    /// Reads a `User-Agent`.
    ///
    /// ```
    /// use reputation::agents::{Agent, Signal};
    ///
    /// assert_eq!(Agent::read(b"curl/8.14.1").signal, Some(Signal::Library));
    /// let googlebot = Agent::read(b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
    /// assert!(googlebot.crawler.is_some_and(|crawler| crawler.hosts.contains(&".googlebot.com")));
    /// ```
    pub fn read(agent: &[u8]) -> Agent {
        /// Longer ones are judged by their beginning.
        const LONGEST: usize = 512;
        let agent = agent.get(..LONGEST).unwrap_or(agent).trim_ascii();
        if agent.is_empty() {
            return Agent { signal: Some(Signal::NoAgent), ..Agent::default() };
        }
        let mut read = Agent::default();
        if let Some(names) = &*NAMES {
            let found = names.search.find_overlapping_iter(agent);
            // In the order of the groups: what weighs most comes first.
            read.signal = found
                .filter(|found| is_word(agent, found.start(), found.end()))
                .filter_map(|found| names.signals.get(found.pattern().as_usize()).copied())
                .min();
        }
        let lower = agent.to_ascii_lowercase();
        let begins = |name: &&str| lower.starts_with(name.as_bytes());
        if matches!(read.signal, Some(Signal::AiCrawler | Signal::SearchCrawler)) {
            let has = |crawler: &&Crawler| memchr::memmem::find(&lower, crawler.name.as_bytes()).is_some();
            read.crawler = CRAWLERS.iter().find(has).copied();
        } else if read.signal.is_none() && LIBRARIES.iter().any(begins) {
            read.signal = Some(Signal::Library);
        }
        read.is_browser = read.signal.is_none() && lower.starts_with(b"mozilla/5.0 (");
        read
    }
}

/// Whether a name stands for itself: `bingbot` is in `bingbot/2.0`, and not in `abingbots`.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let is_letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphabetic);
    !is_letter(start.checked_sub(1).and_then(|at| text.get(at))) && !is_letter(text.get(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    #[test]
    fn agents() {
        for (agent, signal) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
                Some(Signal::Automation),
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                Some(Signal::AiCrawler),
            ),
            (
                "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
                Some(Signal::SearchCrawler),
            ),
            ("curl/8.14.1", Some(Signal::Library)),
            ("", Some(Signal::NoAgent)),
            (CHROME, None),
            ("MyShop/3.2 (iPhone; iOS 19.1) CFNetwork", None),
            ("Sentry/10", None),
            ("antinucleid/1", None),
        ] {
            assert_eq!(Agent::read(agent.as_bytes()).signal, signal, "{agent}");
        }
        assert!(Agent::read(CHROME.as_bytes()).is_browser);
    }

    #[test]
    fn a_crawler_of_two_kinds_can_be_verified() {
        let agent = Agent::read(b"Mozilla/5.0 (compatible; GoogleOther)");
        assert_eq!(agent.signal, Some(Signal::AiCrawler));
        assert_eq!(agent.crawler.unwrap().name, "googleother");
        let unverifiable = Agent::read(b"GPTBot/1.2");
        assert!(unverifiable.crawler.is_none());
    }

    #[test]
    fn every_signal_has_a_name() {
        for signal in Signal::ALL {
            assert_eq!(signal.name().parse(), Ok(signal));
        }
    }
}
