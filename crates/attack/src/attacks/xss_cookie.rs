//! A session that any script on the page could read.

use http::Method;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("xss-cookie", CrossSiteScripting, Code, "If I get one script to run, can it take the session along?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(login), Some((name, password))) = (p.surface.login(), &p.options.login) else {
        return Ok(Outcome::not_applicable("needs a login operation and a password"));
    };
    let body = serde_json::json!({ "username": name, "password": password });
    let (answer, exchange) = p.send(&Probe::json(Method::POST, login.path.clone(), &body)).await?;
    let cookies: Vec<String> =
        answer.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()).map(str::to_ascii_lowercase).collect();
    if cookies.is_empty() {
        return Ok(Outcome::not_applicable("login sets no cookie"));
    }
    let weak = cookies.iter().find_map(|cookie| {
        ["httponly", "secure", "samesite"].into_iter().find(|attribute| !cookie.contains(&format!("; {attribute}")))
    });
    Ok(match weak {
        Some(missing) => Outcome::exploited(format!("the session cookie has no {missing}"), vec![exchange]),
        None => Outcome::blocked("the cookie is HttpOnly, Secure and SameSite", vec![exchange]),
    })
}
