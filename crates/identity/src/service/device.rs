//! Known devices: a cookie that says that its holder has logged in to an account before, under our mark.
//!
//! It lets nobody in. Whoever has it is not locked out by what strangers try, and his log in is no news.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::base::Service;
use super::users::KnownUser;
use crate::secrets::random;

const ID_BYTES: usize = 16;

impl Service {
    /// A cookie for a device that has just logged in to an account; the one that it has, if that is of this account.
    pub(crate) fn device_cookie(&self, user: &KnownUser, present: Option<&str>) -> String {
        if let Some(present) = present.filter(|cookie| self.device_of(user, Some(cookie)).is_some()) {
            return present.to_owned();
        }
        let id = random::bytes::<ID_BYTES>();
        let mut bytes = id.to_vec();
        bytes.extend_from_slice(&self.vault.mark(&marked(user, &id)));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The device of a cookie, if that is of this account.
    pub(crate) fn device_of(&self, user: &KnownUser, cookie: Option<&str>) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie?).ok().filter(|bytes| bytes.len() == ID_BYTES + 16)?;
        let (id, mark) = bytes.split_at_checked(ID_BYTES)?;
        self.vault.is_marked(&marked(user, id), mark).then(|| URL_SAFE_NO_PAD.encode(id))
    }
}

/// A new password by mail, and a log out everywhere, end what devices were known, too.
fn marked(user: &KnownUser, id: &[u8]) -> Vec<u8> {
    let since = user.user.revoked_until.to_be_bytes();
    [b"device of ", user.id.as_bytes(), b" ", &since, id].concat()
}
