//! Verifies tokens and API keys into a [`Principal`].
//!
//! [`Authenticator`] holds the keys that the policy trusts. The algorithm belongs to the key and is never taken
//! from the token (RFC 8725 §3.1); `none` is not supported. The gateway fetches key sets behind a URL and hands them in
//! through [`RemoteKeys`].
//!
//! ```
//! use identity::{Authenticator, TokenError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The policy holds the SHA-256 of the key `test`.
//! let text = r#"
//!     [[auth.api_key]]
//!     subject = "robot"
//!     sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//!     scopes = ["read"]
//! "#;
//! let policy = policy::load(&policy::Inputs { text: Some(text.into()), ..Default::default() })?;
//! let authenticator = Authenticator::new(&policy.auth)?;
//!
//! let now = 1_700_000_000;
//! let robot = authenticator.api_key("test", now).expect("the key is known");
//! assert_eq!((robot.subject.as_str(), robot.scopes.as_slice()), ("robot", &["read".to_owned()][..]));
//! assert_eq!(authenticator.token("not.a-token", now).await, Err(TokenError::Malformed));
//! # Ok(())
//! # }
//! ```

mod api_key;
mod authenticator;
mod keys;
mod own;
mod principal;
mod remote;
pub mod secrets;
pub mod service;
mod token;
mod unique;

pub use authenticator::Authenticator;
pub use keys::KeyError;
pub use own::OwnTokens;
pub use principal::{Credential, Principal};
pub use remote::RemoteKeys;
pub use token::{TokenError, is_unsigned};
