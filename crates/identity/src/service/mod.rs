//! Users, their sessions, and the tokens that are issued to them: the logic of the built-in user service, without HTTP.
//!
//! All of it stands on [`store::records`]: whoever changes something reads a record, and writes it back if nobody else has
//! changed it meanwhile. A crash therefore leaves no half of anything, and two gateways on one store are as safe as one.
//!
//! | module | content |
//! |---|---|
//! | `users` | who there is, and by which address |
//! | `login`, `registration`, `passwords`, `second_factor` | the steps of an account |
//! | `passkeys`, `relying_party` | keys on devices of the user: added, and used to log in; the site that they are for |
//! | `sessions`, `refresh_token` | families of refresh tokens, rotated and ended |
//! | `access`, `keys` | access tokens, and the keys that sign them |
//! | `revocations` | what no longer holds although it is signed |
//! | `providers` | logging in with others' providers |
//! | `lockout` | whoever guesses waits |
//! | `pending` | what waits for its second half |
//! | `base` | what all of them stand on |
//! | `vault` | the master key |
//! | `administration` | what an operator does |

mod access;
mod administration;
mod base;
mod client;
mod device;
mod error;
mod events;
mod issued_keys;
mod keys;
mod known_keys;
mod lockout;
mod login;
mod passkeys;
mod passwords;
mod pending;
mod provider;
mod providers;
mod refresh_token;
mod registration;
mod relying_party;
mod revocations;
mod second_factor;
mod sessions;
mod users;
mod vault;

pub use administration::{Exported, NewSecret, NewUser, NotMade};
pub(crate) use base::MAX_LEEWAY;
pub use base::{BadPassword, Breached, Service, Settings};
pub use client::Client;
pub use error::ServiceError;
pub use events::{AccountEvent, AccountEvents, Step};
pub use issued_keys::{KeyView, NewKey, NotIssued};
pub(crate) use keys::ACCESS_TOKEN;
pub use keys::{IssueError, KeyRing, SigningKeys};
pub use known_keys::{API_KEY_PREFIX, IssuedKeys};
pub use lockout::LockoutRules;
pub use login::{LogIn, SecondFactor};
pub use passkeys::{Ceremony, NoPasskey, PasskeyView};
pub use passwords::{Changed, NotChanged};
pub use pending::MailedLink;
pub use provider::web::{Web, WebAnswer, WebError};
pub use providers::{
    Ask, Begun, LinkedIdentity, NotBegun, NotEntered, NotLinked, ProviderLogIn, ProviderView, Returned,
    UpstreamToken,
};
pub use registration::Registration;
pub use revocations::{Revocations, Revoked};
pub use second_factor::{Enrolment, NotEnrolled};
pub use sessions::{Method, NoRefresh, SessionView, Tokens};
pub use users::{Email, KnownUser, NoEmail, NoUserId, User, UserId};
pub use vault::{Vault, VaultError};
