//! Reload: a new policy without a dropped connection, on SIGHUP and when a file changes.

use std::sync::Arc;
use std::time::Duration;

use guard::Engine;
use policy::{Inputs, ListSource, Policy, PolicyFile, Row, Tls};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::notice::notice;
use super::{crawlers, key_sets, lists};
use crate::state::{State, Upstreams, acceptor};
use crate::{accounts, supervisor, upstream};

/// The time between two looks at the files.
const PERIOD: Duration = Duration::from_secs(1);

/// Reloads the policy whenever it changes, until the gateway ends.
pub(crate) async fn watch(state: Arc<State>, inputs: Inputs) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut _background = start_background(&state);
    let mut loaded = loaded_files(&state);
    let mut changing = None;
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = period.tick() => {
                let current = on_disk(&loaded);
                // A file that is being written is read once it holds still.
                let is_still = changing.replace(current.clone()).as_ref() == Some(&current);
                if current == loaded || !is_still {
                    continue;
                }
                loaded = current;
            }
        }
        supervisor::reloading();
        let outcome = match reload(&state, &inputs) {
            Ok(()) => {
                // Dropping the tasks of the old policy ends them.
                _background = start_background(&state);
                loaded = loaded_files(&state);
                "the policy was reloaded".to_owned()
            }
            Err(reason) => format!("the policy was not reloaded; the running one stays in force: {reason}"),
        };
        notice(&state, &outcome);
        supervisor::ready(&outcome);
    }
}

/// Reads, checks and compiles everything before anything is replaced.
fn reload(state: &State, inputs: &Inputs) -> Result<(), String> {
    if let Some(file) = &inputs.file
        && std::fs::read_to_string(file).is_ok_and(|text| text.trim().is_empty())
    {
        return Err(format!("{} is empty", file.display()));
    }
    let policy = policy::load(inputs).map_err(|e| e.lines())?;
    let weaker = policy::weaker(&state.guard.engine().policy, &policy);
    let listen_changed = policy.gateway.listen != state.guard.engine().policy.gateway.listen;
    let service_changed = of_service(&policy) != of_service(&state.guard.engine().policy);
    let engine = Engine::new(policy).map_err(|e| e.to_string())?;
    if let Some(own) = state.accounts.as_ref().filter(|_| engine.policy.auth.service.is_some()) {
        engine.authenticator.accept_own(accounts::own_tokens(own));
    }
    let tls = acceptor(&engine).map_err(|e| e.to_string())?;
    let upstreams = Upstreams::of(&engine).map_err(|e| e.to_string())?;
    *state.upstreams.lock() = upstreams;
    state.tls.store(tls);
    state.guard.replace(engine);
    if listen_changed {
        notice(state, "`listen` has changed; restart the gateway to listen on the new addresses");
    }
    if service_changed {
        notice(
            state,
            "the settings of the user service have changed ([auth] service and the tables below it); restart the gateway to \
             use the new ones",
        );
    }
    if !weaker.is_empty() {
        /// Sentences in one line; a policy for another API differs in all.
        const MOST: usize = 50;
        let more = weaker.len().saturating_sub(MOST);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let told: Vec<String> = weaker.into_iter().take(MOST).collect();
        notice(state, &format!("the new policy protects less: {}{more}", told.join("; ")));
    }
    Ok(())
}

/// The settings that the user service was opened with.
fn of_service(policy: &Policy) -> Vec<&Row> {
    const TABLES: [&str; 9] = [
        "auth.service",
        "auth.service_path",
        "auth.public_url",
        "auth.accounts.",
        "auth.sessions.",
        "auth.passwords.",
        "auth.lockout.",
        "auth.mail.",
        "auth.provider",
    ];
    policy.settings.iter().filter(|row| TABLES.iter().any(|table| row.setting.starts_with(table))).collect()
}

/// Starts what belongs to the policy in force: fetches of key sets and lists, verification of crawlers, health checks and
/// look-ups of upstreams.
fn start_background(state: &Arc<State>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let engine = state.guard.engine();
    for remote in engine.authenticator.remote_keys() {
        tasks.spawn(key_sets::keep_fresh(remote.clone(), state.guard.sinks().clone()));
    }
    for list in engine.policy.network.lists.iter() {
        if let ListSource::Remote(remote) = &list.source {
            tasks.spawn(lists::keep_fresh(remote.clone(), list.name.clone(), Arc::clone(state)));
        }
    }
    if engine.policy.bots.verify_crawlers {
        tasks.spawn(crawlers::verify(Arc::clone(state), engine.policy.bots.resolver));
    }
    let gateway = &engine.policy.gateway;
    let upstreams = state.upstreams.lock().clone();
    let groups = upstreams.groups.iter().zip(&gateway.groups);
    let targets =
        groups.flat_map(|(group, settings)| group.targets.iter().map(move |one| (group, settings, one)));
    for (group, settings, target) in targets {
        let told = {
            let state = Arc::clone(state);
            move |message: String| notice(&state, &message)
        };
        let (health, connector) = (settings.health.clone(), group.connector.clone());
        tasks.spawn(upstream::check_health(Arc::clone(target), health, connector, told.clone()));
        let (target, every) = (Arc::clone(target), gateway.look_up_every);
        tasks.spawn(async move { target.keep_looking_up(every, told).await });
    }
    tasks
}

/// The files of the policy in force as they were when they were read, and its certificates and keys.
fn loaded_files(state: &State) -> Vec<PolicyFile> {
    let policy = &state.guard.engine().policy;
    let tls = policy.gateway.tls.iter().flat_map(Tls::files);
    let tls = tls.chain(policy.gateway.groups.iter().flat_map(|group| group.tls.files()));
    policy.files.iter().cloned().chain(tls.cloned().map(PolicyFile::at)).collect()
}

/// The same files as they are on disk now.
fn on_disk(files: &[PolicyFile]) -> Vec<PolicyFile> {
    files.iter().map(|file| PolicyFile::at(file.path.clone())).collect()
}
