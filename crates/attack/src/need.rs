//! What an attack needs before it can be tried.
//!
//! An attack declares its needs; `probing.rs` checks them, in one place, before the attack runs. An attack that could
//! not be tried is reported as not applicable, with the reason, and never as blocked.

/// A condition for trying an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Need {
    /// Permission to destroy data or to send thousands of requests.
    Destructive,
    /// An account that may use the API.
    Identity,
    /// Two accounts: a victim and an attacker.
    TwoIdentities,
    /// A bearer token for the victim.
    VictimToken,
    /// A token that names the victim's subject.
    VictimSubject,
    /// A token that names the attacker's subject.
    AttackerSubject,
    /// A JWT for the victim.
    VictimJwt,
    /// A JWT for the attacker, or for the victim when there is only one account.
    Jwt,
    /// An operation that logs in.
    LoginOperation,
    /// An operation that logs in, and a valid name and password for it.
    LoginCredentials,
    /// An operation that renews a session.
    RefreshOperation,
    /// An operation that logs out.
    LogoutOperation,
    /// An operation that makes an account.
    RegisterOperation,
    /// A read that requires an identity.
    SecuredRead,
    /// An operation that takes text in its query and does not return a page.
    TextQuery,
    /// A page that takes text in its query.
    PageQuery,
    /// A page.
    Page,
    /// An object that is read by its id.
    ObjectRead,
    /// A GraphQL endpoint.
    GraphQl,
}

impl Need {
    /// Why the attack cannot be tried while this need is not met.
    pub const fn reason(self) -> &'static str {
        match self {
            Need::Destructive => "destroys data or sends thousands of requests; needs --destructive",
            Need::Identity => "needs an identity",
            Need::TwoIdentities => "needs two identities",
            Need::VictimToken => "needs a bearer token",
            Need::VictimSubject => "the victim's token names no subject",
            Need::AttackerSubject => "the attacker's token names no subject",
            Need::VictimJwt | Need::Jwt => "needs a JWT",
            Need::LoginOperation => "no operation logs in",
            Need::LoginCredentials => "needs a login operation and a password",
            Need::RefreshOperation => "no operation renews a session",
            Need::LogoutOperation => "no operation logs out",
            Need::RegisterOperation => "no operation makes an account",
            Need::SecuredRead => "no read needs an identity",
            Need::TextQuery => "no operation takes text in its query",
            Need::PageQuery => "no page takes text in its query",
            Need::Page => "no operation returns a page",
            Need::ObjectRead => "nothing is read by id",
            Need::GraphQl => "there is no GraphQL",
        }
    }
}
