//! `doorward demo`: the lab bare, hardened, and bare behind the gate, and the gate's two switches; every expectation checked.

mod gate;
mod switches;

use std::net::SocketAddr;
use std::sync::Arc;

use attack::{AttackReport, AttackResult, HttpClient, Identity, Options, Probe, ShutBy, Status, Surface};
use clap::Args;
use lab::{ACCOUNTS, Exposure, Lab, Settings, Version};
use report::text;

use crate::commands::terminal;
use crate::exit::{Exit, Failure};
use gate::{Gate, address_of};

#[derive(Args)]
pub(crate) struct Demo {
    /// Show every attack with its evidence, not only the checklist.
    #[arg(long, short)]
    verbose: bool,
}

/// A column of the checklist: a version of the lab.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Bare,
    Hardened,
    Gate,
}

impl Column {
    const ALL: [Column; 3] = [Column::Bare, Column::Hardened, Column::Gate];

    fn title(self) -> &'static str {
        match self {
            Column::Bare => "bare",
            Column::Hardened => "hardened in code",
            Column::Gate => "bare, behind the gate",
        }
    }

    /// Whether an attack has the expected result.
    fn expects(self, result: &AttackResult) -> bool {
        match (self, result.verdict.status) {
            (Column::Bare, status) => status == Status::Exploited,
            (Column::Hardened, Status::Exploited) => result.shut_by == ShutBy::Gate,
            (Column::Hardened | Column::Gate, status) => status == Status::Blocked,
        }
    }
}

impl Demo {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        let bar = terminal::progress((attack::all().count() + 1) * Column::ALL.len());
        let mut reports = Vec::new();
        let mut events = 0;
        for column in Column::ALL {
            bar.set_prefix(column.title());
            let (report, seen) = runtime.block_on(attack_column(column, &bar))?;
            events += seen;
            reports.push((column, report));
        }
        bar.finish_and_clear();
        if self.verbose {
            reports.iter().for_each(|(column, report)| print_findings(*column, report));
        }
        let columns: Vec<(&str, &AttackReport)> =
            reports.iter().map(|(column, report)| (column.title(), report)).collect();
        outln!("{}", text::checklist(&AttackReport::checklist(&columns), terminal::style()));
        outln!(
            "Some doors only a gate can shut: request smuggling, forged cross-site writes, payloads for underlying libraries."
        );
        outln!("They are open in the hardened code too. The gate logged {events} events.");
        let steps = runtime.block_on(switches::try_them())?;
        outln!("\nIn front of the bare lab, which keeps its own log in:");
        for step in &steps {
            outln!("  {:4} {}", if step.is_so { "ok" } else { "NOT" }, step.said);
        }
        let surprises = print_surprises(&reports) + steps.iter().filter(|step| !step.is_so).count();
        if surprises == 0 && events > 0 {
            outln!(
                "\nAll {} attacks ended as they should. Next: doorward run --upstream http://127.0.0.1:3000",
                attack::all().count() * Column::ALL.len()
            );
            return Ok(Exit::Success);
        }
        Ok(Exit::Findings)
    }
}

/// Attacks one column. Its report, and how many events the gate wrote.
async fn attack_column(column: Column, bar: &indicatif::ProgressBar) -> Result<(AttackReport, u64), Failure> {
    let is_gate = column == Column::Gate;
    let version = if column == Column::Hardened { Version::Hardened } else { Version::Vulnerable };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let identity_header = is_gate.then(|| http::HeaderName::from_static("x-doorward-subject"));
    let settings = Settings { version, listen, exposure: Exposure::Loopback, identity_header, secret: None };
    let lab = Arc::new(Lab::start(settings).await.map_err(Failure::could_not_run)?);
    let document = document(column)?;
    let gate = if is_gate {
        Some(Gate::start(lab.address(), &policy_of_lab(), Some(&document)).await?)
    } else {
        None
    };
    let address = gate.as_ref().map_or(lab.address(), |gate| gate.address);
    let target = format!("http://{address}").parse().map_err(Failure::could_not_run)?;
    let client = HttpClient::new(target);
    let document = openapi::Source::new("shop.openapi.yaml", document);
    let surface = Surface::of(&openapi::Document::parse(&document, None).map_err(Failure::could_not_run)?);
    let mut identities = Vec::new();
    let [victim, attacker, _] = ACCOUNTS;
    for (name, password) in [victim, attacker] {
        identities.push(log_in(&client, column, name, password).await?);
    }
    let victim_name = if is_gate { address_of(victim.0) } else { victim.0.to_owned() };
    let (data, counters) = (Arc::clone(&lab), gate.as_ref().map(|gate| Arc::clone(&gate.counters)));
    let options = Options {
        identities,
        doors: Vec::new(),
        destructive: true,
        login: Some((victim_name, victim.1.into())),
        reset: Some(Box::new(move || {
            data.reset();
            if let Some(counters) = &counters {
                counters.clear();
            }
        })),
    };
    let report = attack::run(&client, &surface, &options, &|name| {
        bar.set_message(name.to_owned());
        bar.inc(1);
    })
    .await;
    let events = match gate {
        Some(gate) => {
            tokio::task::spawn_blocking(move || gate.stop()).await.map_err(Failure::could_not_run)?
        }
        None => 0,
    };
    Ok((report, events))
}

/// The document of the shop. Behind the gate, the user service stands in place of its own log in.
fn document(column: Column) -> Result<String, Failure> {
    if column != Column::Gate {
        return Ok(lab::OPENAPI.to_owned());
    }
    let read = |name: &str, text: &str| {
        openapi::read_value(&openapi::Source::new(name, text)).map_err(Failure::could_not_run)
    };
    let mut shop = read("shop.openapi.yaml", lab::OPENAPI)?;
    let service = read("service.openapi.yaml", lab::SERVICE)?;
    for place in ["/paths", "/components/responses"] {
        let (into, from) = (shop.pointer_mut(place), service.pointer(place));
        if let (Some(into), Some(from)) =
            (into.and_then(|v| v.as_object_mut()), from.and_then(|v| v.as_object()))
        {
            into.retain(|path, _| !lab::OWN_LOGIN.contains(&path.as_str()));
            into.extend(from.clone());
        }
    }
    Ok(shop.to_string())
}

async fn log_in(
    client: &HttpClient,
    column: Column,
    name: &str,
    password: &str,
) -> Result<Identity, Failure> {
    let (path, member, body) = match column {
        Column::Bare | Column::Hardened => {
            ("/api/login", "token", serde_json::json!({ "username": name, "password": password }))
        }
        Column::Gate => (
            "/auth/login",
            "access_token",
            serde_json::json!({ "email": address_of(name), "password": password, "tokens": "body" }),
        ),
    };
    let probe = Probe::json(http::Method::POST, path, &body);
    let (answer, _) = client.send(&probe).await.map_err(Failure::could_not_run)?;
    let token = answer.json().and_then(|o| o.get(member).and_then(|t| t.as_str()).map(str::to_owned));
    let token =
        token.ok_or_else(|| Failure::could_not_run(format!("{name} cannot log in: {}", answer.status)))?;
    Ok(Identity::bearer(name, &token))
}

/// The policy that the lab brings along.
fn policy_of_lab() -> String {
    format!("{}\n[admin]\nenabled = false\n", lab::POLICY)
}

fn print_findings(column: Column, report: &AttackReport) {
    outln!("{}", column.title());
    for result in &report.results {
        let mark = match result.verdict.status {
            Status::Exploited => "OPEN",
            Status::Blocked => "shut",
            Status::NotApplicable => "n/a ",
            Status::Failed => "?   ",
        };
        outln!("  {mark}  {:18} {}", result.attack, result.verdict.summary);
    }
    outln!();
}

/// Prints every result that is not as expected. Returns how many there are.
fn print_surprises(reports: &[(Column, AttackReport)]) -> usize {
    let mut count = 0;
    for (column, report) in reports {
        for result in report.results.iter().filter(|result| !column.expects(result)) {
            count += 1;
            let title = format!("\nUNEXPECTED, {}: {}", column.title(), result.attack);
            let summary = format!("{:?}: {}", result.verdict.status, result.verdict.summary);
            outln!("{}", text::evidence(&title, &summary, &result.verdict.evidence).trim_end());
        }
        for seen in &report.refused {
            count += 1;
            let title = format!("\nUNEXPECTED, {}", column.title());
            let seen = std::slice::from_ref(seen);
            outln!("{}", text::evidence(&title, "an ordinary request was not served", seen).trim_end());
        }
    }
    count
}
