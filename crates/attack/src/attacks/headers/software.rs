//! Names and versions of the software behind the API.

use http::HeaderMap;
use report::Level;

use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Stop, token};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "software-version",
    door: GuideDoor::SecurityHeaders,
    shut_by: ShutBy::Code,
    thought: "Which software is it, and which known holes does that have?",
    level: Level::Low,
    references: &["CWE-200", "API8:2023"],
    mend_in_code: "Switch Server, X-Powered-By and their like off in the framework or the server.",
    mend_at_gate: "The gate removes Server, X-Powered-By and their like; [headers] remove takes further names.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Headers that are there to name software.
const NAMING: [&str; 10] = [
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-powered-cms",
    "x-drupal-cache",
    "x-application-context",
    "x-php-version",
    "x-framework",
    "x-server",
];

/// Services in front of many APIs: their names tell nothing of this one.
const SERVICES: [&str; 14] = [
    "cloudflare",
    "cloudfront",
    "akamai",
    "fastly",
    "awselb",
    "amazons3",
    "google",
    "gws",
    "esf",
    "vercel",
    "netlify",
    "fly/",
    "heroku",
    "bunnycdn",
];

/// Servers that send their name without a version, too.
const PRODUCTS: [&str; 36] = [
    "nginx",
    "apache",
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "granian",
    "werkzeug",
    "waitress",
    "tornado",
    "cherrypy",
    "twisted",
    "python",
    "kestrel",
    "iis",
    "microsoft",
    "httpapi",
    "jetty",
    "tomcat",
    "coyote",
    "undertow",
    "netty",
    "wildfly",
    "weblogic",
    "express",
    "node",
    "deno",
    "puma",
    "webrick",
    "passenger",
    "cowboy",
    "caddy",
    "openresty",
    "litespeed",
    "lighttpd",
    "php",
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some(control) = p.controls().into_iter().next() else {
        tried.not_tried("no operation serves an ordinary request");
        return Ok(());
    };
    let named = named(&control.reply.answer.headers);
    let ordinary = &control.reply;
    let missing = p.send_as(Probe::get_of_server(format!("/{}", token())), Who::Nobody).await?;
    let in_errors = self::named(&missing.answer.headers);
    let (found, seen, repeat) = match named.is_empty() {
        false => (named, &ordinary.seen, &ordinary.repeat),
        true => (in_errors, &missing.seen, &missing.repeat),
    };
    if found.is_empty() {
        tried.shut(&ordinary.seen);
        return Ok(());
    }
    let mut hole = missing.hole("", found.join(", "), &missing);
    hole.evidence = vec![seen.clone()];
    hole.repeat.clone_from(repeat);
    tried.open(hole);
    Ok(())
}

/// The headers that name software, as lines.
fn named(headers: &HeaderMap) -> Vec<String> {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let mut lines: Vec<String> = Vec::new();
    if let Some(server) = value("server").filter(|server| is_software(server) && is_of_a_product(server)) {
        lines.push(format!("Server: {server}"));
    }
    for name in NAMING {
        if let Some(text) = value(name).filter(|text| is_software(text)) {
            lines.push(format!("{name}: {text}"));
        }
    }
    lines
}

/// Whether a server's name is that of a product: it has a version, or is known. Some APIs send a name of their own.
fn is_of_a_product(value: &str) -> bool {
    let folded = value.to_ascii_lowercase();
    value.contains(|c: char| c.is_ascii_digit()) || PRODUCTS.iter().any(|product| folded.contains(product))
}

fn is_software(value: &str) -> bool {
    let folded = value.to_ascii_lowercase();
    // One letter or a word like `server` names nothing.
    let is_blank = ["server", "api", "web", "webserver", "hidden", "none", "unknown", "-", "*"]
        .contains(&folded.as_str());
    value.len() > 1 && !is_blank && !SERVICES.iter().any(|service| folded.contains(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_counts_if_it_names_software_of_the_api() {
        for (name, value, expected) in [
            ("server", "uvicorn", true),
            ("server", "Apache/2.4.1 (Unix)", true),
            ("server", "cloudflare", false),
            ("server", "server", false),
            ("server", "", false),
            ("x-powered-by", "Express", true),
            ("x-request-id", "Express", false),
            ("x-aspnet-version", "4.0.30319", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(!named(&headers).is_empty(), expected, "{name}: {value}");
        }
    }
}
