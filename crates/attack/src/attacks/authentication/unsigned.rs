//! A token that nobody has signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use report::Level;

use super::carried::{Carried, broken};
use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::token;

pub(super) const ATTACK: Attack = Attack {
    name: "token-unsigned",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "If I change a token and sign it with nothing, is it believed?",
    level: Level::Critical,
    references: &["CWE-347", "API2:2023"],
    mend_in_code: "Verify every token with the one algorithm and key of its issuer; never take the algorithm from the token.",
    mend_at_gate: "Declare the issuer in [[auth.issuer]] with its keys: the gate verifies each token by the key's own algorithm.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Spellings of an algorithm that is none.
const NONE: [&str; 6] = ["none", "None", "NONE", "nOnE", "", "null"];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some(carried) = Carried::by_somebody(p).await? else {
        tried.not_tried("no account has a JSON Web Token in a request that is served with it alone");
        return Ok(());
    };
    let tokens = variants(&carried)
        .into_iter()
        .filter(|(_, token)| *token != carried.token)
        .map(|(what, token)| (format!("a token {what} is served"), token))
        .collect();
    carried.try_each(p, tokens, tried).await
}

fn variants(carried: &Carried) -> Vec<(String, String)> {
    let (header, claims, signature) = carried.parts();
    let other = token::changed(carried.claims.clone(), [("dw", 1.into())]);
    let other = URL_SAFE_NO_PAD.encode(other.to_string());
    let mut variants = vec![
        ("with a wrong signature".to_owned(), broken(&carried.token)),
        ("with other claims under its old signature".to_owned(), format!("{header}.{other}.{signature}")),
        ("without its signature".to_owned(), format!("{header}.{claims}.")),
        ("that ends before its signature".to_owned(), format!("{header}.{claims}")),
        (
            "with an empty signature of zeros".to_owned(),
            format!("{header}.{claims}.{}", "A".repeat(signature.len())),
        ),
    ];
    for name in NONE {
        variants.push((format!("of the algorithm `{name}`"), token::unsigned(&carried.claims, name)));
    }
    let none = token::unsigned(&carried.claims, "none");
    variants
        .push(("of the algorithm `none` with its old signature".to_owned(), format!("{none}{signature}")));
    variants.push((
        "of the algorithm `none` without a last dot".to_owned(),
        none.trim_end_matches('.').to_owned(),
    ));
    for (what, text) in [
        ("that names no algorithm", r#"{"typ":"JWT"}"#),
        ("whose algorithm is null", r#"{"alg":null,"typ":"JWT"}"#),
    ] {
        variants.push((what.to_owned(), format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(text))));
    }
    variants
}
