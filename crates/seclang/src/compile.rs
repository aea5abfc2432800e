//! Compiles rules as written into rules that run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::actions::Action;
use crate::collection::Collection;
use crate::compiled_rule::{Allowed, Change, CompiledRule, Disruptive, Effect, Link, TxComparison};
use crate::ctl::Ctl;
use crate::lexer::SyntaxError;
use crate::macros::Template;
use crate::operator::{CompiledOperator, Test};
use crate::rule;
use crate::transform::Transformation;
use crate::tx::TxName;
use crate::variable::{Selector, Target};

/// Compiles a rule with its chain; also returns its phase.
pub(crate) fn rule(
    rules: &[rule::Rule],
    directory: &Path,
    defaults: &HashMap<u8, Vec<Action>>,
) -> Result<(u8, CompiledRule), SyntaxError> {
    let Some((first, chained)) = rules.split_first() else {
        return Err(SyntaxError { file: "".into(), line: 0, reason: "a chain without rules".into() });
    };
    let at = |rule: &rule::Rule, reason: String| SyntaxError {
        file: Arc::clone(&rule.file),
        line: rule.line,
        reason,
    };
    let phase = phase_number(first.action("phase").unwrap_or("2")).map_err(|e| at(first, e))?;
    let none = Vec::new();
    let defaults = defaults.get(&phase).unwrap_or(&none);
    let mut links = Vec::new();
    for rule in rules {
        links.push(link(rule, directory, defaults).map_err(|e| at(rule, e))?);
    }
    let text = |name| first.action(name).map(Template::parse);
    let mut compiled = CompiledRule {
        id: first.id,
        file: Arc::clone(&first.file),
        line: first.line,
        message: text("msg"),
        logdata: text("logdata"),
        tags: first.tags().map(Template::parse).collect(),
        severity: first.action("severity").map(severity).transpose().map_err(|e| at(first, e))?,
        revision: first.action("rev").map(str::to_owned),
        version: first.action("ver").map(str::to_owned),
        disruptive: Disruptive::Pass,
        status: 403,
        log: true,
        skip: 0,
        skip_after: None,
        jump: 0,
        slot: None,
        links,
    };
    let default_disruptive = defaults.iter().filter(|action| is_disruptive(&action.name));
    let mut fallback = Disruptive::Deny;
    for action in default_disruptive
        .chain(defaults.iter().filter(|a| ["log", "nolog", "status"].contains(&a.name.as_str())))
    {
        meta(&mut compiled, action, &Disruptive::Deny).map_err(|e| at(first, e))?;
        fallback = compiled.disruptive.clone();
    }
    for action in &first.actions {
        meta(&mut compiled, action, &fallback).map_err(|e| at(first, e))?;
    }
    // The first link decides what a chain does; messages may stand at any.
    for rule in chained {
        for action in rule.actions.iter().filter(|a| a.name == "logdata" || a.name == "msg") {
            let template = action.value.as_deref().map(Template::parse);
            match action.name.as_str() {
                "msg" => compiled.message = compiled.message.take().or(template),
                _ => compiled.logdata = compiled.logdata.take().or(template),
            }
        }
    }
    Ok((phase, compiled))
}

/// `1` to `5`, `request`, `response`, `logging`.
pub(crate) fn phase_number(text: &str) -> Result<u8, String> {
    match text {
        "request" => Ok(2),
        "response" => Ok(4),
        "logging" => Ok(5),
        text => text
            .parse()
            .ok()
            .filter(|n| (1..=5).contains(n))
            .ok_or_else(|| format!("`{text}` is not a phase")),
    }
}

fn is_disruptive(name: &str) -> bool {
    ["deny", "drop", "block", "allow", "redirect", "proxy", "pass"].contains(&name)
}

/// Actions of the rule as a whole.
fn meta(rule: &mut CompiledRule, action: &Action, fallback: &Disruptive) -> Result<(), String> {
    let value = action.value.as_deref();
    match action.name.as_str() {
        "deny" => rule.disruptive = Disruptive::Deny,
        "drop" => rule.disruptive = Disruptive::Drop,
        "block" => rule.disruptive = fallback.clone(),
        "pass" => rule.disruptive = Disruptive::Pass,
        "redirect" => rule.disruptive = Disruptive::Redirect(Template::parse(value.unwrap_or(""))),
        "allow" => {
            rule.disruptive = Disruptive::Allow(match value {
                None => Allowed::Everything,
                Some("phase") => Allowed::Phase,
                Some("request") => Allowed::Request,
                Some(other) => return Err(format!("unknown `allow:{other}`")),
            });
        }
        "proxy" => return Err("`proxy` is not supported: it forwards the request elsewhere".into()),
        "exec" => return Err("`exec` is not supported: it runs a program".into()),
        "status" => {
            rule.status = value
                .and_then(|v| v.parse().ok())
                .filter(|status| (200..600).contains(status))
                .ok_or("`status` is not an HTTP status")?;
        }
        "log" => rule.log = true,
        "nolog" => rule.log = false,
        "skip" => rule.skip = value.and_then(|v| v.parse().ok()).ok_or("`skip` is not a number")?,
        "skipafter" => rule.skip_after = value.map(Arc::from),
        _ => {}
    }
    Ok(())
}

fn link(raw: &rule::Rule, directory: &Path, defaults: &[Action]) -> Result<Link, String> {
    let (mut targets, mut exclusions) = (Vec::new(), Vec::new());
    for variable in &raw.variables {
        let target = Target::compile(variable)?;
        if variable.excluded { exclusions.push(target) } else { targets.push(target) }
    }
    let mut link = Link {
        targets,
        exclusions,
        operator: raw.operator.as_ref().map(|o| CompiledOperator::compile(o, directory)).transpose()?,
        transformations: Vec::new(),
        multi_match: false,
        capture: false,
        effects: Vec::new(),
        tx_comparison: None,
    };
    let inherited = defaults.iter().filter(|action| action.name == "t");
    for action in inherited.chain(&raw.actions) {
        effect(&mut link, action)?;
    }
    link.tx_comparison = tx_comparison(&link);
    Ok(link)
}

/// The test of a link that compares one number in `TX` with a constant.
fn tx_comparison(link: &Link) -> Option<TxComparison> {
    let operator = link.operator.as_ref()?;
    let Test::Number(test, against) = &operator.test else { return None };
    let ([target], [], []) = (&link.targets[..], &link.exclusions[..], &link.transformations[..]) else {
        return None;
    };
    let Selector::Tx(name) = &target.selector else { return None };
    Some(TxComparison {
        name: name.clone(),
        counted: target.counted,
        test: *test,
        against: crate::operator::number(against.constant()?),
        negated: operator.negated,
    })
}

/// Actions of one link.
fn effect(link: &mut Link, action: &Action) -> Result<(), String> {
    let value = action.value.as_deref().unwrap_or("");
    match action.name.as_str() {
        "t" => {
            if value.eq_ignore_ascii_case("none") {
                link.transformations.clear();
            } else {
                let known = Transformation::named(value);
                link.transformations.push(known.ok_or_else(|| format!("unknown transformation `{value}`"))?);
            }
        }
        "multimatch" => link.multi_match = true,
        "capture" => link.capture = true,
        "setvar" => link.effects.push(set_variable(value)?),
        "expirevar" => {
            let (collection, key, after) = record_variable(value)?;
            link.effects.push(Effect::Expire(collection, key, Template::parse(after)));
        }
        "deprecatevar" => {
            let (collection, key, rate) = record_variable(value)?;
            let rate = rate.split_once('/').and_then(|(amount, seconds)| {
                Some((amount.trim().parse().ok()?, seconds.trim().parse().ok().filter(|s| *s > 0)?))
            });
            let (amount, seconds) =
                rate.ok_or_else(|| format!("`deprecatevar:{value}` is not an amount per seconds"))?;
            link.effects.push(Effect::Deprecate { collection, key, amount, seconds });
        }
        "setenv" | "append" | "prepend" => {}
        "ctl" => link.effects.push(Effect::Control(Ctl::parse(value)?)),
        "initcol" => {
            let (name, key) = value.split_once('=').ok_or_else(|| format!("`initcol:{value}` has no key"))?;
            let collection = Collection::named(name).ok_or_else(|| format!("unknown collection `{name}`"))?;
            link.effects.push(Effect::Init(collection, Template::parse(key)));
        }
        "setsid" => link.effects.push(Effect::Init(Collection::Session, Template::parse(value))),
        "setuid" => link.effects.push(Effect::Init(Collection::User, Template::parse(value))),
        "setrsc" => link.effects.push(Effect::Init(Collection::Resource, Template::parse(value))),
        "id"
        | "phase"
        | "msg"
        | "logdata"
        | "tag"
        | "severity"
        | "rev"
        | "ver"
        | "maturity"
        | "accuracy"
        | "deny"
        | "drop"
        | "block"
        | "allow"
        | "redirect"
        | "proxy"
        | "pass"
        | "status"
        | "log"
        | "nolog"
        | "auditlog"
        | "noauditlog"
        | "chain"
        | "skip"
        | "skipafter"
        | "exec"
        | "pause"
        | "xmlns"
        | "sanitisearg"
        | "sanitisematched"
        | "sanitisematchedbytes"
        | "sanitiserequestheader"
        | "sanitiseresponseheader" => {}
        other => return Err(format!("unknown action `{other}`")),
    }
    Ok(())
}

/// `ip.counter=60`: a variable of a record, and a value.
fn record_variable(text: &str) -> Result<(Collection, Template, &str), String> {
    let parts = text.split_once('=').and_then(|(name, value)| {
        let (collection, key) = name.split_once(['.', ':'])?;
        Some((Collection::named(collection.trim())?, Template::parse(key.trim()), value.trim()))
    });
    parts.ok_or_else(|| format!("`{text}` is not a variable of a record"))
}

/// `tx.score=+%{tx.critical}`, `!tx.x`, `tx.flag`.
fn set_variable(text: &str) -> Result<Effect, String> {
    let (unset, text) = match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let (collection, key) = name
        .split_once(['.', ':'])
        .ok_or_else(|| format!("`setvar:{text}` is not a variable of a collection"))?;
    let collection =
        Collection::named(collection.trim()).ok_or_else(|| format!("unknown collection `{collection}`"))?;
    let change = match value {
        _ if unset => Change::Unset,
        None => Change::Set(Template::parse("1")),
        Some(value) => match (value.strip_prefix('+'), value.strip_prefix('-')) {
            (Some(amount), _) => Change::Add(Template::parse(amount)),
            (_, Some(amount)) => Change::Subtract(Template::parse(amount)),
            _ => Change::Set(Template::parse(value)),
        },
    };
    let key = Template::parse(key.trim());
    Ok(match key.constant().map(TxName::new) {
        Some(name) if collection == Collection::Tx => Effect::SetTx(name, change),
        _ => Effect::Set { collection, key, change },
    })
}

/// Parses a syslog severity (RFC 5424 §6.2.1), by name or number.
fn severity(text: &str) -> Result<u8, String> {
    const NAMES: [&str; 8] =
        ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];
    let by_name =
        (0..8).zip(NAMES).find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(number, _)| number);
    by_name
        .or_else(|| text.parse().ok().filter(|n| *n < 8))
        .ok_or_else(|| format!("`{text}` is not a severity"))
}
