//! Errors that complete what the attacker has half guessed.

use report::Level;

use super::ask::ask_query;
use super::introspection::tells_schema;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::surface::GraphqlKind;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "graphql-suggestions",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If I nearly know the name of a field, does the error tell me the rest?",
    level: Level::Low,
    references: &["CWE-209", "API8:2023"],
    mend_in_code: "Leave suggestions (\"Did you mean\") out of errors in production.",
    mend_at_gate: "The gate does not change these errors; with introspection refused and no suggestions, the schema stays unknown.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let queries = p.surface.endpoints.iter().filter_map(|endpoint| endpoint.graphql.as_ref());
    let queries = queries.filter(|field| field.kind == GraphqlKind::Query && field.name.len() > 3);
    let Some(name) = queries.map(|field| field.name.clone()).next() else {
        tried.not_tried("there is no GraphQL, or no field with a name to misspell");
        return Ok(());
    };
    // Where the whole schema is shown, a suggestion adds nothing.
    let open = ask_query(p, "{ __schema { types { name } } }", Who::Nobody).await?;
    let is_shown = open.is_some_and(|reply| tells_schema(&reply));
    let (Some(nonsense), Some(near)) = (
        ask_query(p, "{ qqzzxxqqzzxx }", Who::Nobody).await?,
        ask_query(p, &format!("{{ {name}z }}"), Who::Nobody).await?,
    ) else {
        return Ok(());
    };
    let suggests = |text: &str| {
        text.to_ascii_lowercase().contains("did you mean") && text.contains(&format!("{name}\\\""))
            || text.contains(&format!("'{name}'"))
    };
    match suggests(&near.text()) && !suggests(&nonsense.text()) {
        true => {
            let message =
                format!("an error completes the name of a field: `{name}z` is answered with `{name}`");
            let level = if is_shown { Level::Info } else { Level::Low };
            tried.open(Hole {
                level: Some(level),
                ..Hole::shown("query __schema", "names", message, &nonsense, &near)
            });
        }
        false => tried.shut(&near.seen),
    }
    Ok(())
}
