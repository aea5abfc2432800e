//! `ctl`: what a rule changes in the engine, for one transaction.

use crate::rule;
use crate::ruleset::{EngineMode, engine_mode, id_ranges};
use crate::variable::Target;
use regex::bytes::Regex;

/// A change of the engine for the rest of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Ctl {
    Engine(EngineMode),
    RemoveById(Vec<(u64, u64)>),
    RemoveByTag(Regex),
    RemoveByMessage(Regex),
    RemoveTargetById(Vec<(u64, u64)>, Target),
    RemoveTargetByTag(Regex, Target),
    RemoveTargetByMessage(Regex, Target),
    BodyProcessor(String),
    RequestBodyAccess(bool),
    ResponseBodyAccess(bool),
    ForceRequestBodyVariable(bool),
    /// Logs and limits, which are the gate's own matter.
    Accepted,
}

impl Ctl {
    /// Reads `name=value`.
    pub(crate) fn parse(text: &str) -> Result<Ctl, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("`ctl:{text}` sets nothing"))?;
        let value = value.trim();
        let on = |value: &str| match value.to_ascii_lowercase().as_str() {
            "on" | "1" | "true" => Ok(true),
            "off" | "0" | "false" => Ok(false),
            _ => Err(format!("`ctl:{text}` is neither On nor Off")),
        };
        let pattern = crate::operator::selector;
        let target = || {
            let (whom, variable) =
                value.split_once(';').ok_or_else(|| format!("`ctl:{text}` names no variable"))?;
            let variables = rule::variables(variable.trim());
            let target = Target::compile(variables.first().ok_or("it names no variable")?)?;
            Ok::<_, String>((whom.trim(), target))
        };
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "ruleengine" => Ctl::Engine(
                engine_mode(value).ok_or_else(|| format!("`{value}` is not On, Off or DetectionOnly"))?,
            ),
            "ruleremovebyid" => Ctl::RemoveById(id_ranges(&[value])?),
            "ruleremovebytag" => Ctl::RemoveByTag(pattern(value)?),
            "ruleremovebymsg" => Ctl::RemoveByMessage(pattern(value)?),
            "ruleremovetargetbyid" => {
                let (whom, target) = target()?;
                Ctl::RemoveTargetById(id_ranges(&[whom])?, target)
            }
            "ruleremovetargetbytag" => {
                let (whom, target) = target()?;
                Ctl::RemoveTargetByTag(pattern(whom)?, target)
            }
            "ruleremovetargetbymsg" => {
                let (whom, target) = target()?;
                Ctl::RemoveTargetByMessage(pattern(whom)?, target)
            }
            "requestbodyprocessor" => Ctl::BodyProcessor(value.to_ascii_uppercase()),
            "requestbodyaccess" => Ctl::RequestBodyAccess(on(value)?),
            "responsebodyaccess" => Ctl::ResponseBodyAccess(on(value)?),
            "forcerequestbodyvariable" => Ctl::ForceRequestBodyVariable(on(value)?),
            "auditengine" | "auditlogparts" | "debugloglevel" | "requestbodylimit" | "responsebodylimit"
            | "hashengine" | "hashenforcement" | "parsexmlintoargs" => Ctl::Accepted,
            other => return Err(format!("there is no `ctl:{other}` here")),
        })
    }
}
