//! `[rate]`: the secret that gateways share.

use super::Compiler;
use crate::compiled::HashSecret;
use crate::config::RateConfig;

impl Compiler {
    pub(super) fn hash_secret(&mut self, config: &RateConfig) -> Option<HashSecret> {
        /// With less, whoever reads a shared store could find the secret by trying, and with it the addresses.
        const SHORTEST: usize = 32;
        let (field, secret) = match (&config.hash_secret_file, &config.hash_secret_env) {
            (None, None) => return None,
            (Some(file), None) => {
                let at = ["rate", "hash_secret_file"];
                self.private(&self.directory.join(file), &at);
                ("hash_secret_file", self.file(file, &at)?)
            }
            (None, Some(variable)) => match std::env::var(variable) {
                Ok(secret) => ("hash_secret_env", secret.into_bytes()),
                Err(_) => {
                    let message = format!("the environment variable `{variable}` is not set");
                    self.wrong(&["rate", "hash_secret_env"], message, "");
                    return None;
                }
            },
            (Some(_), Some(_)) => {
                let help = "keep one of `hash_secret_file` and `hash_secret_env`";
                self.wrong(&["rate", "hash_secret_env"], "the secret has one source", help);
                return None;
            }
        };
        let secret = secret.trim_ascii();
        if secret.len() < SHORTEST {
            let message = format!("the secret has less than {SHORTEST} bytes");
            self.wrong(&["rate", field], message, "openssl rand -base64 48");
            return None;
        }
        Some(HashSecret(secret.to_vec()))
    }
}
