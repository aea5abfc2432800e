//! The secret under which counter keys are hashed.

use std::path::Path;

use crate::reader::Reader;

/// A secret that all gateways with the same counters share. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct HashSecret(Vec<u8>);

impl HashSecret {
    /// With less, a reader of a shared store could find the secret by trying, and with it the addresses.
    const SHORTEST: usize = 32;

    /// Its bytes.
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }

    /// Reads it from a file or from an environment variable, if one of them is set.
    pub(super) fn read(
        file: Option<&Path>,
        variable: Option<&str>,
        reader: &mut Reader,
    ) -> Option<HashSecret> {
        let (field, secret) = match (file, variable) {
            (None, None) => return None,
            (Some(file), None) => {
                ("hash_secret_file", reader.secret_file(file, &["rate", "hash_secret_file"])?)
            }
            (None, Some(variable)) => {
                ("hash_secret_env", reader.secret_env(variable, &["rate", "hash_secret_env"])?.into_bytes())
            }
            (Some(_), Some(_)) => {
                let help = "keep one of `hash_secret_file` and `hash_secret_env`";
                reader.wrong(&["rate", "hash_secret_env"], "the secret has one source", help);
                return None;
            }
        };
        let secret = secret.trim_ascii();
        if secret.len() < HashSecret::SHORTEST {
            let message = format!("the secret has less than {} bytes", HashSecret::SHORTEST);
            reader.wrong(&["rate", field], message, "openssl rand -base64 48");
            return None;
        }
        Some(HashSecret(secret.to_vec()))
    }
}

impl std::fmt::Debug for HashSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashSecret")
    }
}
