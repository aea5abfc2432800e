//! `[ownership.service_credential]`: a credential of the gateway's own, to read objects before a request is forwarded.

use std::path::PathBuf;

use http::header::{HeaderName, HeaderValue};

use crate::reader::Reader;
use crate::settings::settings;

settings! {
    /// `[ownership.service_credential]`: a header that the API accepts as a credential.
    pub item struct ServiceCredentialConfig {
        /// The header's name.
        #[serde(default = "authorization")]
        pub header: String,
        /// A file with its value: `Bearer ...`.
        pub secret_file: Option<PathBuf>,
        /// An environment variable with its value.
        pub secret_env: Option<String>,
    }
}

fn authorization() -> String {
    "authorization".into()
}

impl ServiceCredentialConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Option<(HeaderName, HeaderValue)> {
        const TABLE: [&str; 2] = ["ownership", "service_credential"];
        let [table, name] = TABLE;
        let secret = match (&self.secret_file, &self.secret_env) {
            (Some(file), None) => {
                let bytes = reader.secret_file(file, &[table, name, "secret_file"])?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            (None, Some(variable)) => reader.secret_env(variable, &[table, name, "secret_env"])?,
            _ => {
                reader.wrong(&TABLE, "a credential has exactly one source", "`secret_file` or `secret_env`");
                return None;
            }
        };
        let Ok(header) = self.header.parse::<HeaderName>() else {
            let message = format!("`{}` is not a header name", self.header);
            reader.wrong(&[table, name, "header"], message, "write `authorization`");
            return None;
        };
        match HeaderValue::from_str(secret.trim()) {
            Ok(mut value) if !value.is_empty() => {
                value.set_sensitive(true);
                Some((header, value))
            }
            _ => {
                reader.wrong(&TABLE, "the credential is no header value", "one line, such as `Bearer ...`");
                None
            }
        }
    }
}
