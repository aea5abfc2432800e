//! What a firewall has to stop ([guide §9]).
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

mod framing;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[framing::ATTACK];
