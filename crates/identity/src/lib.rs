//! Who is asking: tokens and keys, verified into a [`Principal`].
//!
//! [`Authenticator`] holds the keys that the policy trusts. The algorithm belongs to the key and is never taken
//! from the token (RFC 8725 §3.1); `none` does not exist here. Key sets behind a URL are fetched by somebody else
//! and handed in through [`RemoteKeys`].

mod api_key;
mod authenticator;
mod keys;
mod principal;
mod remote;
mod token;

pub use authenticator::Authenticator;
pub use keys::KeyError;
pub use principal::{Credential, Principal};
pub use remote::RemoteKeys;
pub use token::TokenError;
