//! The operating system's randomness.

use std::io::{Read, Result};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` random bytes.
///
/// # Errors
/// If the operating system has none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// 48 of them as text.
///
/// # Errors
/// If the operating system has none.
pub(crate) fn text() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<48>()?))
}
