//! Commands behind a value that a shell reads.
//!
//! A host name or a file name that is pasted into a command line ends there, and another command follows. It is told to
//! multiply two numbers, whose product shows in the answer, or to sleep, which shows in time.

use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes, is_called};
use crate::attacks::delay::{self, Outcome as Delay};
use crate::attacks::sums::{self, Outcome, Sum};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "command",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If I add a command to a value, does the server run it?",
    level: Level::Critical,
    references: &["CWE-78", "API8:2023"],
    mend_in_code: "Start programs with a list of arguments and no shell, and take only values of a known form.",
    mend_at_gate: "The door injection refuses commands by its detector shell; keep [doors] injection in enforce.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Commands in one text for a value without quotes, in single and in double ones.
const EVERYWHERE: &str = ";echo $((SUM))#'|echo $((SUM))#\"|echo $((SUM))#";

/// More ways, for slots whose names are those of hosts, files and commands.
const MORE: [&str; 7] = [
    ";echo $((SUM))",
    "|echo $((SUM))",
    "&&echo $((SUM))",
    "$(echo $((SUM)))",
    "`expr ONE \\* OTHER`",
    "\necho $((SUM))\n",
    "&set /a SUM&",
];

/// Commands that sleep.
const SLEEP: &str = ";sleep SECONDS #'|sleep SECONDS #\"|sleep SECONDS #";
const MORE_SLEEP: [&str; 2] = ["$(sleep SECONDS)", "|sleep SECONDS"];

/// Names of what is often given to a program.
const NAMES: [&str; 22] = [
    "host", "domain", "ip", "addr", "target", "server", "url", "cmd", "command", "exec", "run", "file",
    "path", "dir", "name", "format", "filter", "option", "arg", "ping", "daemon", "branch",
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for (control, slot) in aim::all(p) {
        let result = match aim::at(p, &control, &slot, tried).await {
            Ok(Some(aim)) if aim.takes != Takes::Number => try_slot(p, &aim, tried).await,
            Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        };
        tried.take(result)?;
    }
    Ok(())
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    let is_likely = is_called(aim.slot.name(), &NAMES);
    let texts = [EVERYWHERE].into_iter().chain(MORE.into_iter().filter(|_| is_likely));
    for text in texts {
        let draft = |sum: Sum| {
            let text = text.replace("SUM", &sum.written());
            aim.behind(&text.replace("ONE", &sum.one.to_string()).replace("OTHER", &sum.other.to_string()))
        };
        match sums::ask(p, aim, &draft).await? {
            Outcome::Calculated(reply) => {
                let message = "a command in the value multiplied two numbers, and the answer has the product";
                tried.open(Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &reply));
                return Ok(());
            }
            Outcome::Plain(reply) => tried.shut(&reply.seen),
        }
    }
    let usual = delay::usual(p, aim).await?;
    if usual.is_restless() {
        tried.unknown(format!("{}: ordinary answers take short and long by themselves", aim.operation));
        return Ok(());
    }
    for text in [SLEEP].into_iter().chain(MORE_SLEEP.into_iter().filter(|_| is_likely)) {
        let draft = |units: u32| aim.behind(&text.replace("SECONDS", &units.to_string()));
        match delay::ask(p, aim, usual, &draft).await? {
            Delay::Waits(reply, times) => {
                let message = format!(
                    "a command in the value sleeps as long as it says: {times} for 0, 1 and 2 seconds"
                );
                tried.open(Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &reply));
                return Ok(());
            }
            Delay::Prompt(reply) => tried.shut(&reply.seen),
            Delay::Restless => {
                tried.unknown(format!("{}, {}: times differ by themselves", aim.operation, aim.slot));
            }
        }
    }
    Ok(())
}
