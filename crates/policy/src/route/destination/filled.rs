//! Paths and URLs that are filled in with segments of a request's path.

use http::Uri;
use openapi::PathTemplate;

/// A path or a URL that is filled in with segments of a request's path, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    /// The segment at this place.
    Segment(usize),
    /// What begins at this place.
    Rest(usize),
}

impl Filled {
    /// Reads a path, or a URL, whose names in braces are those of a template.
    pub(super) fn parse(text: &str, template: &PathTemplate) -> Result<Self, (String, String)> {
        let path_at = match text.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => {
                let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let origin = text.get(..scheme.len() + 3 + host).unwrap_or_default();
                let is_url = origin.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some());
                is_url.then_some(origin.len())
            }
            Some(_) => None,
            None => text.starts_with('/').then_some(0),
        };
        let wrong = |why: &str, help: &str| (format!("`{text}` {why}"), help.to_owned());
        let (origin, path) = path_at
            .and_then(|at| text.split_at_checked(at))
            .filter(|(_, path)| !path.starts_with("//"))
            .ok_or_else(|| {
                wrong("is not a path", "write `/new/{id}`, or for a redirect `https://new.example/**`")
            })?;
        if path.contains(['#', '\\']) || path.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(wrong("has characters that no path has", "escape them: `%20` for a blank"));
        }
        let given: Vec<&str> = template.as_str().split('/').skip(1).collect();
        let place = |name: &str| given.iter().position(|part| *part == name);
        let mut parts = vec![Part::Text(origin.into())];
        let count = path.split('/').count();
        for (i, part) in path.split('/').enumerate().skip(1) {
            parts.push(Part::Text("/".into()));
            let is_name = part.starts_with('{') && part.ends_with('}');
            parts.push(match part {
                "**" => match place("**").filter(|_| i + 1 == count) {
                    Some(at) => Part::Rest(at),
                    None => {
                        let help = "`**` stands at the end of both, or of none";
                        return Err(wrong("has a `**` that the route's path does not have there", help));
                    }
                },
                name if is_name => Part::Segment(place(name).ok_or_else(|| {
                    let help = format!("the path of the route is `{template}`");
                    (format!("`{text}` names `{name}`, which is no segment of the route's path"), help)
                })?),
                part if part.contains(['{', '}', '*']) => {
                    return Err(wrong(
                        "has a name that is a part of a segment",
                        "a name is a whole segment: `/{id}/`",
                    ));
                }
                part => Part::Text(part.into()),
            });
        }
        Ok(Filled(parts))
    }

    pub(super) fn fill(&self, sent: &str) -> String {
        let mut filled = String::with_capacity(sent.len() + 16);
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Segment(at) => {
                    let segment = sent.split('/').filter(|segment| !segment.is_empty()).nth(*at);
                    filled.push_str(segment.unwrap_or_default());
                }
                Part::Rest(at) => filled.push_str(behind(sent, *at).trim_start_matches('/')),
            }
        }
        filled
    }
}

/// What stands behind so many segments of a path, with one slash before it. Empty segments do not count.
pub(super) fn behind(path: &str, count: usize) -> &str {
    let mut rest = path.trim_start_matches('/');
    for _ in 0..count {
        rest = rest.split_once('/').map_or("", |(_, rest)| rest).trim_start_matches('/');
    }
    let at = path.len() - rest.len();
    path.get(at.saturating_sub(1)..).filter(|path| path.starts_with('/')).unwrap_or("/")
}
