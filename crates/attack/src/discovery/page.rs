//! What the pages of Swagger UI, Redoc and the like link.

use serde_json::Value;

/// The longest text between quotes that may be a link.
const MAX_LINK: usize = 300;

/// Links of a page or a script that may lead to a document, as paths of the server.
pub(super) fn documents(text: &str, page: &str) -> Vec<String> {
    let is_document = |link: &str| {
        let name = link.split(['?', '#']).next().unwrap_or("").to_ascii_lowercase();
        let is_page = [".js", ".css", ".png", ".map", ".html", ".ico", ".svg", "/"]
            .iter()
            .any(|end| name.ends_with(end));
        let is_named = ["openapi", "swagger", "api-docs", "apispec", "api-json", "docs-json", "schema"];
        let is_written = [".json", ".yaml", ".yml"].iter().any(|end| name.ends_with(end));
        !is_page
            && (is_written || is_named.iter().any(|word| name.contains(word)))
            && !["manifest", "package"].iter().any(|word| name.contains(word))
    };
    links(text, page, &is_document)
}

/// Scripts that hold the settings of Swagger UI.
pub(super) fn scripts(text: &str, page: &str) -> Vec<String> {
    let names = ["swagger-initializer.js", "swagger-ui-init.js", "swagger-config.js", "swagger-config"];
    links(text, page, &|link| names.iter().any(|name| link.split('?').next().unwrap_or("").ends_with(name)))
}

/// The document that swagger-ui-express writes into its script.
pub(super) fn embedded(script: &str) -> Option<String> {
    let (_, rest) = script.split_once("\"swaggerDoc\":")?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    values.next()?.ok().filter(Value::is_object).map(|document| document.to_string())
}

/// The texts between quotes that are wanted, once each.
fn links(text: &str, page: &str, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for quote in ['"', '\''] {
        for part in text.split(quote).filter(|part| !part.is_empty() && part.len() <= MAX_LINK) {
            let is_link = !part.contains(|c: char| c.is_whitespace() || "<>{}\\()".contains(c));
            if is_link
                && is_wanted(part)
                && let Some(link) = resolved(part, page)
                && !found.contains(&link)
            {
                found.push(link);
            }
        }
    }
    found
}

/// A link as a path of the server on which the page is: `None` where it leads elsewhere.
pub(super) fn resolved(link: &str, page: &str) -> Option<String> {
    let link = link.split('#').next()?;
    if link.starts_with("//") || link.starts_with("data:") || link.is_empty() {
        return None;
    }
    if let Some((scheme, rest)) = link.split_once("://") {
        // Whether it is the same server, its answer says: behind a proxy, an API often knows itself by another name.
        let is_web = matches!(scheme, "http" | "https");
        return is_web.then(|| rest.find('/').and_then(|start| rest.get(start..)).unwrap_or("/").to_owned());
    }
    if link.starts_with('/') {
        return Some(link.to_owned());
    }
    let directory = page.split('?').next()?.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = directory.split('/').collect();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => {
                if parts.len() > 1 {
                    parts.pop();
                }
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_pages_lead_to_documents_on_the_same_server() {
        for (text, page, expected) in [
            (
                r#"SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: "x" })"#,
                "/docs",
                &["/api/v1/openapi.json"][..],
            ),
            (r#"<redoc spec-url="./spec.yaml"></redoc>"#, "/docs/index.html", &["/docs/spec.yaml"]),
            (r#"<redoc spec-url="../schema?format=x"></redoc>"#, "/api/docs/", &["/api/schema?format=x"]),
            (r#"<script src="/swagger-ui.js"></script><link href="swagger-ui.css">"#, "/", &[]),
            (r#"{"url":"https://shop.example/v3/api-docs"}"#, "/", &["/v3/api-docs"]),
            (r#"<a href="//other.example/openapi.json">"#, "/", &[]),
        ] {
            assert_eq!(documents(text, page), expected, "{text}");
        }
        let page = r#"<script src="./swagger-initializer.js" charset="UTF-8"> </script>"#;
        assert_eq!(scripts(page, "/swagger-ui/index.html"), ["/swagger-ui/swagger-initializer.js"]);
    }

    #[test]
    fn a_document_in_a_script_is_taken_out_of_it() {
        let script =
            r#"var options = { "swaggerDoc": {"openapi":"3.0.0","paths":{}}, "customOptions": {} };"#;
        assert_eq!(embedded(script).unwrap(), r#"{"openapi":"3.0.0","paths":{}}"#);
        assert_eq!(embedded("\"swaggerDoc\": undefined"), None);
    }
}
