//! `doorward demo`: the lab bare, hardened, and bare behind the gate; every expectation checked.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use attack::{AttackReport, AttackResult, HttpClient, Identity, Options, Probe, ShutBy, Status, Surface};
use clap::Args;
use gateway::Gateway;
use guard::{EventSink, Guard, Record};
use lab::{ACCOUNTS, Exposure, Lab, Settings, Version};
use policy::Inputs;
use report::text;
use store::Stores;
use store::memory::MemoryCounters;

use crate::commands::terminal;
use crate::exit::{Exit, Failure};

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
        let surprises = print_surprises(&reports);
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
    let secret = (column == Column::Gate).then(strong_secret).transpose()?;
    let version = if column == Column::Hardened { Version::Hardened } else { Version::Vulnerable };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings { version, listen, exposure: Exposure::Loopback, secret: secret.clone() };
    let lab = Arc::new(Lab::start(settings).await.map_err(Failure::could_not_run)?);
    let gate = match secret {
        Some(secret) => Some(Gate::start(lab.address(), &secret)?),
        None => None,
    };
    let address = gate.as_ref().map_or(lab.address(), |gate| gate.address);
    let target = format!("http://{address}").parse().map_err(Failure::could_not_run)?;
    let client = HttpClient::new(target);
    let document = openapi::Source::new("shop.openapi.yaml", lab::OPENAPI);
    let surface = Surface::of(&openapi::Document::parse(&document, None).map_err(Failure::could_not_run)?);
    let mut identities = Vec::new();
    let [victim, attacker, _] = ACCOUNTS;
    for (name, password) in [victim, attacker] {
        identities.push(log_in(&client, name, password).await?);
    }
    let (data, counters) = (Arc::clone(&lab), gate.as_ref().map(|gate| Arc::clone(&gate.counters)));
    let options = Options {
        identities,
        doors: Vec::new(),
        destructive: true,
        login: Some((victim.0.into(), victim.1.into())),
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

async fn log_in(client: &HttpClient, name: &str, password: &str) -> Result<Identity, Failure> {
    let body = serde_json::json!({ "username": name, "password": password });
    let probe = Probe::json(http::Method::POST, "/api/login", &body);
    let (answer, _) = client.send(&probe).await.map_err(Failure::could_not_run)?;
    let token = answer.json().and_then(|o| o.get("token").and_then(|t| t.as_str()).map(str::to_owned));
    let token =
        token.ok_or_else(|| Failure::could_not_run(format!("{name} cannot log in: {}", answer.status)))?;
    Ok(Identity::bearer(name, &token))
}

/// The gateway in front of a lab, with the lab's policy in a directory of its own.
struct Gate {
    gateway: Gateway,
    counters: Arc<MemoryCounters>,
    address: SocketAddr,
    sink: Arc<CountingSink>,
    directory: PathBuf,
}

impl Gate {
    fn start(upstream: SocketAddr, secret: &str) -> Result<Gate, Failure> {
        let directory = std::env::temp_dir().join(format!("doorward-demo-{}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(Failure::could_not_run)?;
        let write = |name: &str, text: &str, mode| write_file(&directory.join(name), text, mode);
        write("doorward.toml", &format!("{}\n[admin]\nenabled = false\n", lab::POLICY), 0o644)?;
        write("shop.openapi.yaml", lab::OPENAPI, 0o644)?;
        write("token.secret", secret, 0o600)?;
        let inputs = Inputs {
            file: Some(directory.join("doorward.toml")),
            upstream: vec![format!("http://{upstream}")],
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            ..Inputs::default()
        };
        let policy = policy::load(&inputs).map_err(Failure::usage)?;
        let sink = Arc::new(CountingSink::default());
        let counters = Arc::new(MemoryCounters::new(policy.rate.max_keys));
        let stores = guard::open_stores(&policy).map_err(Failure::could_not_run)?;
        let stores = Stores { counters: counters.clone(), ..stores };
        let guard = Guard::new(policy, stores, sink.clone()).map_err(Failure::could_not_run)?;
        let gateway = Gateway::start(guard, inputs).map_err(Failure::could_not_run)?;
        let address =
            gateway.addresses().first().copied().ok_or_else(|| Failure::could_not_run("no address"))?;
        Ok(Gate { gateway, counters, address, sink, directory })
    }

    /// Stops the gateway. Returns the number of events that it wrote.
    fn stop(self) -> u64 {
        self.gateway.shutdown();
        // If this fails, only temporary files are left behind.
        let _ = std::fs::remove_dir_all(&self.directory);
        self.sink.events.load(Ordering::Relaxed)
    }
}

fn write_file(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    std::fs::write(path, text)
        .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)))
        .map_err(|e| Failure::could_not_run(format!("{}: {e}", path.display())))
}

/// A random secret in place of the lab's weak one: no gate helps against a secret that everybody knows.
fn strong_secret() -> Result<String, Failure> {
    use std::io::Read;
    let mut bytes = [0u8; 32];
    let source = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    source.map_err(Failure::could_not_run)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Counts events instead of writing them.
#[derive(Default)]
struct CountingSink {
    events: AtomicU64,
}

impl EventSink for CountingSink {
    fn record(&self, record: &Record<'_>) {
        if matches!(record, Record::Event(_)) {
            self.events.fetch_add(1, Ordering::Relaxed);
        }
    }
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
