//! A hundred passwords in one request.

use report::Level;
use serde_json::{Map, Value};

use super::ask::{aliased, ask};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::session::LogInForm;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "log-in-aliases",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "Can one request try a hundred passwords, so that a limit of requests does not see them?",
    level: Level::High,
    references: &["CWE-307", "CWE-799", "API2:2023", "API4:2023"],
    mend_in_code: "Count each log in, not each request, and limit how many fields an operation has at its top.",
    mend_at_gate: "Keep [rate] login: it counts each log in of a request. Set [protocol.graphql] max_same lower.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How many passwords are tried in one request.
const MANY: usize = 60;
/// How many of them must be judged.
const ENOUGH: usize = 50;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let forms = LogInForm::all(p.surface).into_iter();
    let Some(form) = forms.into_iter().find(|form| p.surface.endpoint(form.endpoint).graphql.is_some())
    else {
        tried.not_tried("no field of GraphQL logs in");
        return Ok(());
    };
    let endpoint = p.surface.endpoint(form.endpoint);
    let Some(field) = endpoint.graphql.as_ref().filter(|_| p.options.wants(&endpoint.name())) else {
        return Ok(());
    };
    let mail = p
        .options
        .accounts
        .iter()
        .find_map(|account| account.credentials.as_ref()?.0.split_once('@').map(|(_, d)| d.to_owned()));
    let name = format!("dwaliases@{}", mail.as_deref().unwrap_or("example.com"));
    let guess =
        |nth: usize| match form.draft(endpoint, &name, &format!("Wrong-{nth}-Lantern-0")).settled().body {
            Some(Value::Object(arguments)) => arguments,
            _ => Map::new(),
        };
    let Some(one) = ask(p, &aliased(field, &[guess(0)]), Who::Nobody).await? else { return Ok(()) };
    let [message] = messages(&one).as_slice().to_owned().try_into().unwrap_or([String::new()]);
    if message.is_empty() {
        tried.unknown(format!("{}: a wrong password is answered with no error", endpoint.name()));
        return Ok(());
    }
    let guesses: Vec<Map<String, Value>> = (1..=MANY).map(guess).collect();
    let Some(all) = ask(p, &aliased(field, &guesses), Who::Nobody).await? else { return Ok(()) };
    let judged = messages(&all).into_iter().filter(|text| *text == message).count();
    match judged >= ENOUGH && !limits(&message) {
        true => {
            let message = format!("{judged} wrong passwords in one request are all judged");
            tried.open(Hole::shown(endpoint.name(), "aliases", message, &one, &all));
        }
        false => tried.shut(&all.seen),
    }
    Ok(())
}

/// The messages of the errors that belong to a field of the answer.
fn messages(reply: &Reply) -> Vec<String> {
    let json = reply.answer.json().unwrap_or_default();
    let errors = json.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    // Some servers write errors anew, without a path; what was refused before it ran has no data.
    let has_run = json.get("data").is_some();
    let of_field = |error: &Value| {
        match error.get("path").and_then(Value::as_array) {
            Some(path) => drop(path.first()?.as_str().filter(|name| name.starts_with('a'))?),
            None if has_run => {}
            None => return None,
        }
        Some(error.get("message")?.as_str()?.to_owned())
    };
    errors.iter().filter_map(of_field).collect()
}

/// Whether the message is that of a limit, which was reached before.
fn limits(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["too many", "limit", "later", "locked"].iter().any(|word| message.contains(word))
}
