//! Where the requests of each path go.

use std::sync::Arc;

use http::Method;
use openapi::{PathTemplate, Router, Spelling, canonical_path};

use super::way::Destination;

/// Where the requests of each path go.
#[derive(Debug)]
pub(crate) struct Destinations {
    exact: Router<Vec<Entry>>,
    /// The same by the loosest spelling, for paths that no route spells; nothing where the API tells spellings apart.
    loose: Router<Vec<Entry>>,
    first: Arc<Destination>,
}

#[derive(Debug, Clone)]
struct Entry {
    methods: Vec<Method>,
    destination: Arc<Destination>,
}

impl Destinations {
    /// The destinations of routes: template, methods (all when empty), destination.
    pub(crate) fn new(
        routes: Vec<(PathTemplate, Vec<Method>, Arc<Destination>)>,
        spelling: Spelling,
    ) -> Self {
        let mut exact: Router<Vec<Entry>> = Router::default();
        for (template, methods, destination) in &routes {
            let entries = exact.entry(template.clone(), Vec::new);
            entries.push(Entry { methods: methods.clone(), destination: Arc::clone(destination) });
            entries
                .sort_by_key(|entry| if entry.methods.is_empty() { usize::MAX } else { entry.methods.len() });
        }
        // The methods that a path's routes do not name go where those of the path above it go.
        for (template, ..) in &routes {
            let mut above: Router<Vec<Entry>> = Router::default();
            for (other, methods, destination) in &routes {
                let covers = || other.captures(&canonical_path(template.as_str())).is_some();
                if methods.is_empty() && !other.has_shape_of(template) && covers() {
                    let entry = Entry { methods: Vec::new(), destination: Arc::clone(destination) };
                    above.entry(other.clone(), Vec::new).push(entry);
                }
            }
            let inherited =
                above.find(&canonical_path(template.as_str())).and_then(|(_, e, _)| e.first().cloned());
            let entries = exact.entry(template.clone(), Vec::new);
            if let Some(inherited) =
                inherited.filter(|_| entries.iter().all(|entry| !entry.methods.is_empty()))
            {
                entries.push(inherited);
            }
        }
        let mut loose = Router::new(Spelling::Loose);
        if spelling == Spelling::Loose {
            for (template, entries) in exact.iter() {
                loose.entry(template.clone(), Vec::new).extend(entries.iter().cloned());
            }
        }
        Destinations { exact, loose, first: Arc::new(Destination::first()) }
    }

    /// Where requests go for a method and a normalized path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> &Arc<Destination> {
        if self.exact.is_empty() {
            return &self.first;
        }
        let found = self.exact.find(path).or_else(|| self.loose.find(path));
        let entry = found.and_then(|(_, entries, _)| {
            let exact = entries.iter().find(|entry| entry.methods.contains(method));
            exact.or_else(|| entries.iter().find(|entry| entry.serves(method)))
        });
        entry.map_or(&self.first, |entry| &entry.destination)
    }
}

impl Entry {
    fn serves(&self, method: &Method) -> bool {
        self.methods.is_empty() || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_route_that_says_where_requests_go_is_asked() {
        let to = |group| {
            let mut destination = Destination::first();
            destination.group = group;
            Arc::new(destination)
        };
        let routes = [
            ("/orders/**", vec![], 1),
            ("/orders/special", vec![Method::POST], 2),
            ("/{any}/status", vec![], 3),
        ];
        let routes =
            routes.map(|(path, methods, group)| (PathTemplate::parse(path).unwrap(), methods, to(group)));
        let found = Destinations::new(routes.to_vec(), Spelling::Loose);
        for (method, path, group) in [
            (Method::GET, "/", 0),
            (Method::GET, "/orders", 1),
            (Method::GET, "/orders/7/x", 1),
            (Method::GET, "/ORDERS/7", 1),
            (Method::GET, "/orders;v=1/7", 1),
            (Method::POST, "/orders/special", 2),
            (Method::GET, "/orders/special", 1),
            (Method::GET, "/carts/status", 3),
            (Method::GET, "/orders%2F7", 0),
        ] {
            assert_eq!(found.find(&method, path).group, group, "{method} {path}");
        }
    }
}
