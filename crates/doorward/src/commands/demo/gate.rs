//! The gateway of the demo, with a policy in a directory of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gateway::Gateway;
use guard::{EventSink, Guard, Record};
use identity::secrets::Password;
use identity::service::{Email, NewSecret, NewUser, UserId};
use lab::ACCOUNTS;
use policy::Inputs;
use store::Stores;
use store::memory::MemoryCounters;

use crate::commands::users;
use crate::exit::Failure;

/// The gateway in front of a lab.
pub(super) struct Gate {
    gateway: Gateway,
    pub(super) guard: Guard,
    pub(super) counters: Arc<MemoryCounters>,
    pub(super) address: SocketAddr,
    sink: Arc<CountingSink>,
    directory: PathBuf,
}

impl Gate {
    pub(super) async fn start(
        upstream: SocketAddr,
        policy: &str,
        document: Option<&str>,
    ) -> Result<Gate, Failure> {
        let directory = std::env::temp_dir().join(format!("doorward-demo-{}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(Failure::could_not_run)?;
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            std::fs::write(&path, text)
                .map_err(|e| Failure::could_not_run(format!("{}: {e}", path.display())))
        };
        write("doorward.toml", policy)?;
        if let Some(document) = document {
            write("shop.openapi.yaml", document)?;
        }
        let inputs = Inputs {
            file: Some(directory.join("doorward.toml")),
            upstream: vec![format!("http://{upstream}")],
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            ..Inputs::default()
        };
        let policy = policy::load(&inputs).map_err(Failure::usage)?;
        if policy.auth.service.is_some() {
            add_accounts(&policy).await?;
        }
        let sink = Arc::new(CountingSink::default());
        let counters = Arc::new(MemoryCounters::new(policy.rate.max_keys));
        let stores = guard::open_stores(&policy).map_err(Failure::could_not_run)?;
        let stores = Stores { counters: counters.clone(), ..stores };
        let guard = Guard::new(policy, stores, sink.clone()).map_err(Failure::could_not_run)?;
        // It has runtimes of its own.
        let own = guard.clone();
        let started = tokio::task::spawn_blocking(move || Gateway::start(own, inputs));
        let gateway = started.await.map_err(Failure::could_not_run)?.map_err(Failure::could_not_run)?;
        let address =
            gateway.addresses().first().copied().ok_or_else(|| Failure::could_not_run("no address"))?;
        Ok(Gate { gateway, guard, counters, address, sink, directory })
    }

    /// Stops the gateway. Returns the number of events that it wrote.
    pub(super) fn stop(self) -> u64 {
        self.gateway.shutdown();
        // If this fails, only temporary files are left behind.
        let _ = std::fs::remove_dir_all(&self.directory);
        self.sink.events.load(Ordering::Relaxed)
    }
}

/// The address of an account in the user service.
pub(super) fn address_of(name: &str) -> String {
    format!("{name}@shop.example")
}

/// Brings the accounts of the shop into the user service, under the ids that their objects name.
async fn add_accounts(policy: &policy::Policy) -> Result<(), Failure> {
    let service = policy.auth.service.as_ref().ok_or_else(|| Failure::could_not_run("no user service"))?;
    let service = users::open(service).await?;
    for (id, (name, password)) in (1..).zip(ACCOUNTS) {
        let new = NewUser {
            id: Some(UserId::parse(&format!("{id}")).map_err(Failure::could_not_run)?),
            email: Email::parse(&address_of(name)).map_err(Failure::could_not_run)?,
            name: Some(name.to_owned()),
            secret: NewSecret::Password(Password::parse(password).map_err(Failure::could_not_run)?),
            roles: if name == "admin" { vec!["admin".to_owned()] } else { Vec::new() },
            groups: Vec::new(),
        };
        let added = service.add_user(new, users::now()).await.map_err(Failure::could_not_run)?;
        added.map_err(Failure::could_not_run)?;
    }
    Ok(())
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
