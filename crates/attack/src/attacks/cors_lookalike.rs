//! Origins that look like the API's own or an allowed one.

use super::{Probing, cors_reflected};
use crate::client::ClientError;
use crate::report::Outcome;

attack!("cors-lookalike", Cors, Code, "Is the origin checked by prefix, suffix or pattern?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let host = p.client.authority().split(':').next().unwrap_or("api");
    let tricks = [
        format!("https://{host}.evil.example"),
        format!("https://evil{host}"),
        "https://shop.example.evil.example".to_owned(),
        "https://evilshop.example".to_owned(),
        "http://shop.example".to_owned(),
        "https://shop.example:8443".to_owned(),
        "https://shop_example".to_owned(),
        "https://shopxexample".to_owned(),
    ];
    cors_reflected::try_origins(p, &tricks.each_ref().map(String::as_str)).await
}
