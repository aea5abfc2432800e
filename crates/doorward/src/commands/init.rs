//! `doorward init`.

use std::path::PathBuf;

use clap::Args;

use crate::exit::{Exit, Failure};

/// The template: every section, commented out, with its defaults.
const TEMPLATE: &str = include_str!("doorward.template.toml");

#[derive(Args)]
pub(crate) struct Init {
    /// The URL of the API.
    #[arg(long, short, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    upstream: policy::Upstream,
    /// The OpenAPI document of the API.
    #[arg(long, value_name = "FILE")]
    openapi: Option<PathBuf>,
    /// The file to write.
    #[arg(long, short, value_name = "FILE", default_value = "doorward.toml")]
    output: PathBuf,
}

impl Init {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        use std::io::Write;
        let openapi = match &self.openapi {
            Some(path) => format!("openapi = {:?}", path.display().to_string()),
            None => "# openapi = \"openapi.yaml\"".to_owned(),
        };
        let text = TEMPLATE.replace("@UPSTREAM@", &self.upstream.to_string()).replace("@OPENAPI@", &openapi);
        // Never overwrite an existing file.
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.output)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|e| {
                Failure::usage(miette::miette!("{} cannot be written: {e}", self.output.display()))
            })?;
        outln!("wrote {}. Next: doorward check, then doorward run", self.output.display());
        Ok(Exit::Success)
    }
}
