//! A text that is a formula where an export is opened.

use report::Level;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Answer;
use crate::prober::{Prober, Stop, Written};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "csv-injection",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does a text that I store become a formula in the table that somebody exports?",
    level: Level::Medium,
    references: &["CWE-1236", "API8:2023"],
    mend_in_code: "Put an apostrophe before cells that begin with =, +, -, @, a tab or a line end.",
    mend_at_gate: "A pattern in the document makes [schema] refuse texts that begin like a formula.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let is_export =
        |control: &Control| p.surface.endpoint(control.endpoint).is_read() && is_table(&control.reply.answer);
    let exports: Vec<_> = p.controls().into_iter().filter(|control| is_export(control)).collect();
    if exports.is_empty() {
        tried.not_tried("no operation answers with a table of comma-separated values");
        return Ok(());
    }
    let writer = p.people().first().copied().unwrap_or(Who::Nobody);
    let written = p.write_texts(writer, &formula).await?;
    for control in exports {
        for who in [writer, Who::Victim] {
            let Some(control) = p.control(control.endpoint, who) else { continue };
            let result = try_export(p, &control, &written, tried).await;
            tried.take(result)?;
        }
    }
    p.write_back(&written).await
}

/// A formula that does nothing, with a token.
fn formula(token: &str) -> String {
    format!("=1+{token}")
}

async fn try_export(
    p: &Prober<'_>,
    control: &Control,
    written: &[Written],
    tried: &mut Tried,
) -> Result<(), Stop> {
    let operation = p.surface.endpoint(control.endpoint).name();
    let reply = p.ask(&control.draft, control.who).await?;
    let mut is_shown = false;
    for one in written {
        let Some(cell) = cell_with(&reply, &one.token) else { continue };
        is_shown = true;
        // One column is one cause, whichever operation stored its text.
        let is_known =
            |hole: &Hole| hole.operation == operation && hole.slot.starts_with(&format!("{} of ", one.slot));
        if tried.holes.iter().any(is_known) {
            continue;
        }
        if !cell.starts_with(&formula(&one.token)) {
            tried.shut(&reply.seen);
            continue;
        }
        // Twice: another text, exported again.
        let again = p.write_in(&one.control, std::slice::from_ref(&one.slot), &formula).await?;
        let Some(again) = again.first() else { continue };
        let exported = p.ask(&control.draft, control.who).await?;
        if cell_with(&exported, &again.token).is_some_and(|cell| cell.starts_with(&formula(&again.token))) {
            let storer = p.surface.endpoint(one.control.endpoint).name();
            let message = format!("a text of {storer} is a formula in the export: `{cell}`");
            let slot = format!("{} of {storer}", one.slot);
            let hole = Hole::shown(&operation, slot, message, &control.reply, &exported);
            let evidence = vec![control.reply.seen.clone(), again.reply.seen.clone(), exported.seen.clone()];
            let repeat = format!("{}; {}", again.reply.repeat, exported.repeat);
            tried.open(Hole { evidence, repeat, ..hole });
        }
    }
    if !is_shown {
        tried.not_tried(format!("{operation}: no stored text stands in this export"));
    }
    Ok(())
}

/// Whether an answer is a table that spreadsheets open.
fn is_table(answer: &Answer) -> bool {
    let media_type = answer.header("content-type").unwrap_or("").to_ascii_lowercase();
    let is_named = answer
        .header("content-disposition")
        .is_some_and(|value| [".csv", ".tsv"].iter().any(|end| value.to_ascii_lowercase().contains(end)));
    is_named
        || ["text/csv", "application/csv", "tab-separated-values", "vnd.ms-excel"]
            .iter()
            .any(|name| media_type.contains(name))
}

fn cell_with(reply: &Reply, token: &str) -> Option<String> {
    if !reply.is_served {
        return None;
    }
    cells(&reply.text()).into_iter().find(|cell| cell.contains(token))
}

/// The cells of a table (RFC 4180), with any of the usual separators. Spreadsheets take a blank before a formula as text.
fn cells(text: &str) -> Vec<String> {
    let head = text.lines().next().unwrap_or("");
    let count = |sign: char| head.matches(sign).count();
    let separator =
        [',', ';', '\t'].into_iter().max_by_key(|sign| (count(*sign), *sign == ',')).unwrap_or(',');
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(cell) = cells.last_mut() else { break };
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' if is_quoted => is_quoted = false,
            '"' if cell.is_empty() => is_quoted = true,
            c if !is_quoted && (c == separator || c == '\n' || c == '\r') => cells.push(String::new()),
            c => cell.push(c),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_begins_its_cell() {
        for (text, expected) in [
            ("id,address\n1,=1+dw1\n", true),
            ("id;address\n1;=1+dw1\n", true),
            ("id,address\n1,\"=1+dw1\"\n", true),
            ("id,address\n1,'=1+dw1\n", false),
            ("id,address\n1,\" =1+dw1\"\n", false),
            ("id,address\n1,\"a, =1+dw1\"\n", false),
            ("id,address\n1,\"a \"\"=1+dw1\"\n", false),
        ] {
            assert_eq!(cells(text).iter().any(|cell| cell.starts_with(&formula("dw1"))), expected, "{text}");
        }
    }
}
