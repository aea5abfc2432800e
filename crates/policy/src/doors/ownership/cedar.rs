//! `[cedar]`: policies beyond one owner, read and checked against the document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use authorization::{Cedar, ClaimType, VisibilityOf};
use openapi::{Document, Source};

use crate::reader::{PolicyFile, Reader};
use crate::settings::settings;

settings! {
    /// `[cedar]`: policies beyond one owner. With policies, a request that no policy permits is refused.
    pub struct CedarConfig {
        /// Files of policies, and directories of `*.cedar` files.
        pub policies: Vec<PathBuf> = Vec::new(),
        /// Claims that policies may use as attributes of the principal, with their types: `string`, `integer`, `boolean`,
        /// `strings` or `integers`.
        pub claims: BTreeMap<String, ClaimType> = BTreeMap::new(),
    }
}

const RESERVED: [&str; 5] = ["authenticated", "id", "roles", "scopes", "sub"];

impl CedarConfig {
    /// Refuses claims with names that every principal has.
    pub(crate) fn check_claims(&self, reader: &mut Reader) {
        for name in self.claims.keys().filter(|name| RESERVED.contains(&name.as_str())) {
            reader.wrong(
                &["cedar", "claims", name],
                format!("`principal.{name}` exists without a declaration"),
                "remove it",
            );
        }
    }

    pub(crate) fn compile(
        &self,
        document: Option<&Document>,
        visibility: &VisibilityOf<'_>,
        reader: &mut Reader,
    ) -> Option<Cedar> {
        if self.policies.is_empty() {
            return None;
        }
        let Some(document) = document else {
            // A document with problems has been reported.
            if reader.problems.is_empty() {
                let help = "name the document: `openapi`, or `--openapi`";
                reader.wrong(
                    &["cedar", "policies"],
                    "policies are checked against an OpenAPI document",
                    help,
                );
            }
            return None;
        };
        let sources = self.sources(reader)?;
        match Cedar::compile(document, &self.claims, &sources, visibility) {
            Ok(cedar) => Some(cedar),
            Err(problems) => {
                reader.problems.extend(problems);
                None
            }
        }
    }

    fn sources(&self, reader: &mut Reader) -> Option<Vec<Source>> {
        let mut files = Vec::new();
        for (i, path) in self.policies.iter().enumerate() {
            let at = ["cedar", "policies", &i.to_string()];
            let path = reader.path(path);
            if !path.is_dir() {
                files.push(path);
                continue;
            }
            match cedar_files(&path) {
                Ok(found) if found.is_empty() => {
                    reader.wrong(&at, format!("{} holds no *.cedar file", path.display()), "");
                }
                Ok(found) => files.extend(found),
                Err(e) => reader.wrong(&at, format!("{} cannot be read: {e}", path.display()), ""),
            }
            // A file that comes or goes changes the directory.
            reader.files.push(PolicyFile::at(path));
        }
        files.iter().map(|path| reader.text(path)).collect()
    }
}

fn cedar_files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries: std::io::Result<Vec<_>> = std::fs::read_dir(directory)?.collect();
    let mut files: Vec<PathBuf> = entries?.iter().map(std::fs::DirEntry::path).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cedar"));
    files.sort();
    Ok(files)
}
