//! A new policy without a dropped connection: on SIGHUP, and when a file changes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use guard::{Engine, Record, Timestamp};
use policy::{Inputs, PolicyFile};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::keys;
use crate::server::{Common, Upstreams, acceptor};
use crate::upstream;

/// How often files are looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// Watches until the gateway ends.
pub(crate) async fn watch(common: Arc<Common>, inputs: Inputs) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut _background = start_background(&common);
    let mut seen = read_from(&common);
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = period.tick() => {
                let now = now(&seen);
                if now == seen {
                    continue;
                }
                seen = now;
            }
        }
        match reload(&common, &inputs) {
            Ok(()) => {
                // Dropping the tasks of the old policy ends them.
                _background = start_background(&common);
                seen = read_from(&common);
                notice(&common, "the policy was reloaded");
            }
            Err(reason) => {
                notice(&common, &format!("the policy was not reloaded, the running one stays: {reason}"))
            }
        }
    }
}

/// Reads, checks and compiles everything before anything is replaced.
fn reload(common: &Common, inputs: &Inputs) -> Result<(), String> {
    let policy = policy::load(inputs).map_err(|e| e.lines())?;
    let listen_changed = policy.gateway.listen != common.guard.engine().policy.gateway.listen;
    let engine = Engine::new(policy).map_err(|e| e.to_string())?;
    let tls = acceptor(&engine).map_err(|e| e.to_string())?;
    let upstreams = Upstreams::of(&engine).map_err(|e| e.to_string())?;
    *common.upstreams.lock() = upstreams;
    common.tls.store(tls);
    common.guard.replace(engine);
    if listen_changed {
        notice(common, "`listen` has changed: that takes effect at the next start");
    }
    Ok(())
}

/// Fetches key sets and asks after the health of upstreams, for the policy in force.
fn start_background(common: &Arc<Common>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let engine = common.guard.engine();
    for remote in engine.authenticator.remote_keys() {
        tasks.spawn(keys::keep_fresh(remote.clone(), common.guard.sink().clone()));
    }
    let gateway = &engine.policy.gateway;
    let upstreams = common.upstreams.lock().clone();
    for (target, health) in gateway.upstreams.iter().zip(upstreams.health) {
        tasks.spawn(upstream::watch(
            target.clone(),
            health,
            gateway.health.clone(),
            upstreams.connector.clone(),
        ));
    }
    tasks
}

/// The files of the policy in force, as they were when they were read, and its certificate, which is read apart.
fn read_from(common: &Common) -> Vec<PolicyFile> {
    let policy = &common.guard.engine().policy;
    let tls = policy.gateway.tls.iter().flat_map(|(certificate, key)| [certificate, key]);
    policy.files.iter().cloned().chain(tls.cloned().map(PolicyFile::at)).collect()
}

/// The same files as they are now.
fn now(files: &[PolicyFile]) -> Vec<PolicyFile> {
    files.iter().map(|file| PolicyFile::at(file.path.clone())).collect()
}

fn notice(common: &Common, message: &str) {
    common.guard.sink().record(&Record::Notice { time: Timestamp(SystemTime::now()), message });
}
