//! The lists name passwords by their SHA-1.

use sha1::{Digest, Sha1};

use super::super::password::Password;

pub(super) fn sha1(password: &Password) -> [u8; 20] {
    Sha1::digest(password.text().as_bytes()).into()
}
