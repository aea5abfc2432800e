//! The two switches in front of the bare lab: its own log in guarded, and the under-attack mode.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use attack::{Answer, HttpClient, Probe};
use guard::Order;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE, USER_AGENT};
use http::{Method, StatusCode};
use lab::{ACCOUNTS, Exposure, Lab, Settings, Version};
use sha2::{Digest, Sha256};

use super::gate::Gate;
use crate::exit::Failure;

/// What holds without a setting, and one answer to all log ins that fail.
const POLICY: &str = "[rate.failed_logins]\nalike = true\nevery = \"50 ms\"\n\n[bots.challenge]\nbits = 12\n\n[admin]\nenabled = false\n";

/// What was seen, and whether it was what should be.
pub(super) struct Step {
    pub(super) said: String,
    pub(super) is_so: bool,
}

/// Tries both switches.
pub(super) async fn try_them() -> Result<Vec<Step>, Failure> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let version = Version::Vulnerable;
    let settings =
        Settings { version, listen, exposure: Exposure::Loopback, identity_header: None, secret: None };
    let lab = Lab::start(settings).await.map_err(Failure::could_not_run)?;
    let gate = Gate::start(lab.address(), POLICY, None).await?;
    let target = format!("http://{}", gate.address).parse().map_err(Failure::could_not_run)?;
    let client = HttpClient::new(target);
    let mut steps = Vec::new();
    guarded_log_in(&client, &mut steps).await?;
    under_attack(&client, &gate, &mut steps).await?;
    tokio::task::spawn_blocking(move || gate.stop()).await.map_err(Failure::could_not_run)?;
    Ok(steps)
}

async fn ask(client: &HttpClient, probe: &Probe) -> Result<Answer, Failure> {
    client.send(probe).await.map(|(answer, _)| answer).map_err(Failure::could_not_run)
}

async fn guarded_log_in(client: &HttpClient, steps: &mut Vec<Step>) -> Result<(), Failure> {
    let [(known, _), ..] = ACCOUNTS;
    let mut seen = Vec::new();
    for nth in 0..6 {
        // Every other name is nobody's.
        let name = if nth % 2 == 0 { known } else { "nobody" };
        let body = serde_json::json!({ "username": name, "password": format!("guess {nth}") });
        seen.push(ask(client, &Probe::json(Method::POST, "/api/login", &body)).await?);
    }
    let alike = |a: &Answer, b: &Answer| a.status == b.status && a.body == b.body;
    let is_alike = seen.first().zip(seen.get(1)).is_some_and(|(a, b)| alike(a, b));
    steps.push(Step {
        said: "a wrong password and an unknown name get the same answer".into(),
        is_so: is_alike,
    });
    let statuses: Vec<u16> = seen.iter().map(|answer| answer.status.as_u16()).collect();
    let waits = seen.last().is_some_and(|answer| answer.headers.contains_key(RETRY_AFTER));
    let is_so = statuses == [401, 401, 401, 401, 401, 429] && waits;
    steps.push(Step { said: format!("the sixth wrong guess is not asked any more: {statuses:?}"), is_so });
    Ok(())
}

async fn under_attack(client: &HttpClient, gate: &Gate, steps: &mut Vec<Step>) -> Result<(), Failure> {
    const PATH: &str = "/api/search?q=desk";
    let browser = |target: &str| {
        let mut probe = Probe::get(target)
            .header(
                USER_AGENT.as_str(),
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            )
            .header("accept", "text/html,application/xhtml+xml")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        probe.user_agent = false;
        probe
    };
    let order = async |order| {
        let now = SystemTime::now();
        gate.guard
            .order_attack(order, now + Duration::from_secs(60), now)
            .await
            .map_err(Failure::could_not_run)
    };
    let quiet = ask(client, &browser(PATH)).await?;
    order(Order::On).await?;
    let page = ask(client, &browser(PATH)).await?;
    let program = ask(client, &Probe::get(PATH)).await?;
    let is_page =
        page.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    steps.push(Step {
        said: format!(
            "under attack, a browser gets a challenge ({} before, {} now)",
            quiet.status.as_u16(),
            page.status.as_u16()
        ),
        is_so: quiet.status == StatusCode::OK && page.status == StatusCode::FORBIDDEN && is_page,
    });
    let is_json = program.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
    steps.push(Step {
        said: format!("a program without a credential is refused ({})", program.status.as_u16()),
        is_so: program.status.is_client_error() && is_json,
    });
    let answer = ask(client, &browser(&solution(&page.text(), PATH).unwrap_or_else(|| "/".into()))).await?;
    let cookie = answer.headers.get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
    let back = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("/").to_owned();
    let served = ask(client, &browser(&back).header(COOKIE.as_str(), cookie)).await?;
    steps.push(Step {
        said: format!("whoever solves it is served ({})", served.status.as_u16()),
        is_so: back == PATH && served.status == StatusCode::OK,
    });
    order(Order::Off).await?;
    let after = ask(client, &browser(PATH)).await?;
    steps.push(Step {
        said: format!("and when it is over, everybody is ({})", after.status.as_u16()),
        is_so: after.status == StatusCode::OK,
    });
    Ok(())
}

/// Solves the challenge in a page, as its script does.
fn solution(page: &str, to: &str) -> Option<String> {
    let between = |from: &str| page.split_once(from)?.1.split_once('"').map(|(found, _)| found);
    let (path, token) = (between("action=\"")?, between("name=\"c\" value=\"")?);
    let bits: u32 = between("data-bits=\"")?.parse().ok()?;
    let is_solved = |number: &u64| {
        let hash = Sha256::digest(format!("{token}.{number}"));
        let first = hash.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        first.leading_zeros() >= bits
    };
    let number = (0..).find(is_solved)?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("c", token)
        .append_pair("n", &number.to_string())
        .append_pair("to", to)
        .finish();
    Some(format!("{path}?{query}"))
}
