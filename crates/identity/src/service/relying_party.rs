//! What passkeys are for: the site at the address of the service.

use std::time::Duration;

use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

use super::error::ServiceError;

/// How long a browser may take over a passkey.
pub(crate) const CEREMONY: Duration = Duration::from_secs(5 * 60);

/// The relying party of an address: its host is the id, and it is the only origin. `None` where browsers have no passkeys.
///
/// # Errors
/// If the library does not take an address for which browsers do.
pub(crate) fn relying_party(issuer: &str, site: &str) -> Result<Option<Webauthn>, ServiceError> {
    if !policy::has_passkeys(issuer) {
        return Ok(None);
    }
    let origin = Url::parse(issuer).map_err(|_| ServiceError::Library)?;
    let id = origin.domain().ok_or(ServiceError::Library)?;
    let builder = WebauthnBuilder::new(id, &origin).map_err(|_| ServiceError::Library)?;
    let built = builder.rp_name(site).timeout(CEREMONY).build();
    built.map(Some).map_err(|_| ServiceError::Library)
}
