//! `doorward demo`: the lab bare, hardened, and bare behind the gate, and the gate's two switches; every expectation checked.

mod gate;
mod switches;

use std::net::SocketAddr;
use std::sync::Arc;

use attack::{Account, HttpClient, Options, ShutBy, Summary, Surface};
use clap::Args;
use lab::{ACCOUNTS, Exposure, Lab, Settings, Version};
use report::{Check, Report, Verdict, text};

use crate::commands::terminal;
use crate::exit::{Exit, Failure};
use gate::{Gate, address_of};

#[derive(Args)]
pub(crate) struct Demo {
    /// Show every attack with its evidence, not only the checklist.
    #[arg(long, short)]
    verbose: bool,
}

/// Attacks that must work on the bare lab: so a prober that has lost one is seen.
const MUST_BE_OPEN: &[&str] = &[
    "security-headers",
    "software-version",
    "cookie-flags",
    "verbose-errors",
    "cors",
    "csrf",
    "bola-read",
    "bola-write",
    "bola-delete",
    "data-exposure",
    "mass-assignment",
    "xss-reflected",
    "xss-stored",
    "sql-error",
    "sql-boolean",
    "sql-union",
    "sql-time",
    "token-unsigned",
    "token-secret",
    "token-confusion",
    "token-expired",
    "token-lifetime",
    "refresh-reuse",
    "log-out",
    "user-enumeration",
    "log-in-limit",
];

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

    /// Why an attack has not ended as it should, if so.
    fn surprise(self, check: &Check) -> Option<&'static str> {
        let is_open = check.verdict == Verdict::Open;
        let attack = attack::all().find(|attack| attack.name == check.name);
        let only_a_gate = attack.is_some_and(|attack| attack.shut_by == ShutBy::Gate);
        match self {
            Column::Bare if MUST_BE_OPEN.contains(&check.name.as_str()) && !is_open => {
                Some("it must work here")
            }
            Column::Bare => None,
            Column::Hardened if is_open && only_a_gate => None,
            Column::Hardened if is_open => Some("the hardened code must hold"),
            Column::Gate if is_open => Some("the gate must hold"),
            Column::Hardened | Column::Gate => None,
        }
    }
}

/// A column with what was seen.
struct Seen {
    column: Column,
    report: Report,
    summary: Summary,
    events: u64,
}

impl Demo {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        let bar = terminal::progress((attack::all().count() + terminal::OTHER_STEPS) * Column::ALL.len());
        let mut seen = Vec::new();
        for column in Column::ALL {
            bar.set_prefix(column.title());
            seen.push(runtime.block_on(attack_column(column, &bar))?);
        }
        bar.finish_and_clear();
        if self.verbose {
            seen.iter().for_each(print_checks);
        }
        let columns: Vec<(&str, &Report, (usize, usize))> = seen
            .iter()
            .map(|seen| {
                let (sent, refused) = (seen.summary.ordinary, seen.summary.refused.len());
                (seen.column.title(), &seen.report, (sent.saturating_sub(refused), sent))
            })
            .collect();
        outln!("{}", text::side_by_side(&columns, terminal::style()));
        let events: u64 = seen.iter().map(|seen| seen.events).sum();
        outln!(
            "A limit of all requests is a gate's to have: the hardened code has none. The gate logged {events} events."
        );
        let steps = runtime.block_on(switches::try_them())?;
        outln!("\nIn front of the bare lab, which keeps its own log in:");
        for step in &steps {
            outln!("  {:4} {}", if step.is_so { "ok" } else { "NOT" }, step.said);
        }
        let surprises: usize = seen.iter().map(print_surprises).sum();
        if surprises == 0 && events > 0 && steps.iter().all(|step| step.is_so) {
            outln!(
                "\nAll {} attacks ended as they should. Next: doorward run --upstream http://127.0.0.1:3000",
                attack::all().count() * Column::ALL.len()
            );
            return Ok(Exit::Success);
        }
        Ok(Exit::Findings)
    }
}

/// Attacks one column.
async fn attack_column(column: Column, bar: &indicatif::ProgressBar) -> Result<Seen, Failure> {
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
    let [victim, attacker, administrator] = ACCOUNTS.map(|(name, password)| {
        let name = if is_gate { address_of(name) } else { name.to_owned() };
        Account::with_password(&name, password)
    });
    let (data, counters) = (Arc::clone(&lab), gate.as_ref().map(|gate| Arc::clone(&gate.counters)));
    let options = Options {
        accounts: vec![victim, attacker],
        administrator: Some(administrator),
        destructive: true,
        reset: Some(Box::new(move || {
            data.reset();
            if let Some(counters) = &counters {
                counters.clear();
            }
        })),
        ..Options::default()
    };
    let (report, summary) = attack::run(&client, &surface, &options, &|name| {
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
    Ok(Seen { column, report, summary, events })
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

/// The policy that the lab brings along.
fn policy_of_lab() -> String {
    format!("{}\n[admin]\nenabled = false\n", lab::POLICY)
}

fn print_checks(seen: &Seen) {
    let (all, served) = seen.summary.operations;
    outln!("{}: {served} of {all} operations serve an ordinary request", seen.column.title());
    for check in &seen.report.checks {
        let mark = match check.verdict {
            Verdict::Open => "OPEN",
            Verdict::Shut => "shut",
            Verdict::NotTried => "-   ",
            Verdict::Unknown => "?   ",
        };
        outln!("  {mark}  {:24} {}", check.name, check.reason);
    }
    outln!();
}

/// Prints everything that is not as expected. Returns how much there is.
fn print_surprises(seen: &Seen) -> usize {
    let mut count = 0;
    let title = seen.column.title();
    for check in &seen.report.checks {
        let Some(reason) = seen.column.surprise(check) else { continue };
        count += 1;
        outln!(
            "\nUNEXPECTED, {title}: {} is {}, and {reason}: {}",
            check.name,
            check.verdict.title(),
            check.reason
        );
        for finding in seen.report.findings_of(check) {
            outln!("{}", text::evidence("", &finding.message, &finding.evidence).trim_end());
        }
    }
    for refused in &seen.summary.refused {
        count += 1;
        let refused = std::slice::from_ref(refused);
        let title = format!("\nUNEXPECTED, {title}");
        outln!("{}", text::evidence(&title, "an ordinary text was not served", refused).trim_end());
    }
    for trouble in seen.summary.troubles.iter().chain(&seen.summary.ended) {
        count += 1;
        outln!("\nUNEXPECTED, {title}: {trouble}");
    }
    count
}
