//! Origins that no API should allow.

/// Origins of other people.
pub(crate) const FOREIGN: [&str; 2] = ["https://evil.example", "http://evil.example:8080"];

/// The origin of a sandboxed frame, which any site can produce.
pub(crate) const NULL: &str = "null";

/// Origins that resemble `https://shop.example`.
pub(crate) const LOOKALIKES: [&str; 6] = [
    "https://shop.example.evil.example",
    "https://evilshop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop_example",
    "https://shopxexample",
];

/// Origins that resemble the API's own host.
pub(crate) fn lookalikes_of(host: &str) -> [String; 2] {
    [format!("https://{host}.evil.example"), format!("https://evil{host}")]
}
