//! The document of the API, and pages that try it: useful to people, and a map for attackers.

use report::Level;

use super::ground::Ground;
use super::listed::{Where, try_path};
use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Answer;
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "spec-exposed",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does the API give me the list of its operations?",
    level: Level::Info,
    references: &["CWE-200", "API9:2023"],
    mend_in_code: "Serve the document and its pages only where they are meant for the public.",
    mend_at_gate: "A [[route]] with deny = true refuses the path.",
    run: |p, tried| Box::pin(run(p, tried)),
};

const PATHS: [&str; 16] = [
    "/openapi.json",
    "/openapi.yaml",
    "/swagger.json",
    "/swagger/v1/swagger.json",
    "/v3/api-docs",
    "/v2/api-docs",
    "/api-docs",
    "/api/openapi.json",
    "/docs",
    "/redoc",
    "/swagger",
    "/swagger-ui/index.html",
    "/documentation/json",
    "/schema/",
    "/graphiql",
    "/playground",
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut ground = Ground::new();
    for path in PATHS {
        let found = try_path(p, &mut ground, path, Where::Both, &what, tried).await;
        tried.take(found)?;
    }
    Ok(())
}

fn what(answer: &Answer) -> Option<String> {
    let text = answer.text().to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["\"openapi\":", "\"swagger\":", "openapi: 3", "openapi: \"3", "swagger: \"2"])
        && text.contains("paths")
    {
        return Some("the document of the API is served to everybody".into());
    }
    has(&[
        "swagger-ui",
        "<redoc",
        "redoc.standalone",
        "graphiql",
        "graphql playground",
        "rapidoc",
        "scalar/api-reference",
    ])
    .then(|| "a page that shows and tries the operations is served to everybody".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_known_by_its_words() {
        for (text, expected) in [
            ("{\"openapi\":\"3.1.0\",\"paths\":{}}", true),
            ("openapi: 3.0.3\npaths: {}", true),
            ("<title>Swagger UI</title><div id=\"swagger-ui\">", true),
            ("{\"detail\":\"Not Found\"}", false),
            ("<title>Docs</title>", false),
        ] {
            let body = bytes::Bytes::from_static(text.as_bytes());
            let answer = Answer { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body };
            assert_eq!(what(&answer).is_some(), expected, "{text}");
        }
    }
}
