//! What is told of each step of an account: who, how, from where, and why not. Nothing secret is in it.

use std::net::IpAddr;

/// A step of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Somebody has registered.
    Registered,
    /// Somebody tried to register with an address that has an account.
    RegisteredAgain,
    /// Somebody has shown that mail reaches him.
    Verified,
    /// A log in.
    LoggedIn,
    /// A log in from a device that was not known.
    NewDevice,
    /// A log in that failed.
    LogInFailed,
    /// A log in that was not looked at, because of those that failed before.
    LockedOut,
    /// One network has failed at many accounts.
    CredentialStuffing,
    /// A second factor that was wrong.
    SecondFactorFailed,
    /// A log out.
    LoggedOut,
    /// All sessions of a user were ended.
    LoggedOutEverywhere,
    /// A session was ended by its user.
    SessionRevoked,
    /// A spent refresh token was presented; its session has ended.
    RefreshReused,
    /// The password was changed.
    PasswordChanged,
    /// Somebody asked for a link to set a new password.
    ResetAsked,
    /// A second factor was switched on.
    SecondFactorOn,
    /// A second factor was switched off.
    SecondFactorOff,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// Somebody came back from a provider, and was not let in.
    ProviderRefused,
    /// An identity of a provider was linked to an account.
    ProviderLinked,
    /// One was unlinked.
    ProviderUnlinked,
    /// A session has ended because its provider ended what it stood for.
    ProviderEnded,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A passkey that was not accepted.
    PasskeyFailed,
    /// A passkey whose counter went back: somebody has a copy of the authenticator.
    PasskeyCloned,
    /// A user was changed, made or deleted by an operator.
    Administered,
}

impl Step {
    /// The rule of its event.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Registered => "registered",
            Step::RegisteredAgain => "registered-again",
            Step::Verified => "address-verified",
            Step::LoggedIn => "logged-in",
            Step::NewDevice => "new-device",
            Step::LogInFailed => "log-in-failed",
            Step::LockedOut => "locked-out",
            Step::CredentialStuffing => "credential-stuffing",
            Step::SecondFactorFailed => "second-factor-failed",
            Step::LoggedOut => "logged-out",
            Step::LoggedOutEverywhere => "logged-out-everywhere",
            Step::SessionRevoked => "session-revoked",
            Step::RefreshReused => "refresh-reused",
            Step::PasswordChanged => "password-changed",
            Step::ResetAsked => "reset-asked",
            Step::SecondFactorOn => "second-factor-on",
            Step::SecondFactorOff => "second-factor-off",
            Step::RecoveryCodeUsed => "recovery-code-used",
            Step::ProviderRefused => "provider-refused",
            Step::ProviderLinked => "provider-linked",
            Step::ProviderUnlinked => "provider-unlinked",
            Step::ProviderEnded => "provider-ended-session",
            Step::PasskeyAdded => "passkey-added",
            Step::PasskeyRemoved => "passkey-removed",
            Step::PasskeyFailed => "passkey-failed",
            Step::PasskeyCloned => "passkey-cloned",
            Step::Administered => "administered",
        }
    }

    /// Whether it is a thing that went wrong, of which an operator may want to know.
    pub const fn is_failure(self) -> bool {
        matches!(
            self,
            Step::RegisteredAgain
                | Step::LogInFailed
                | Step::LockedOut
                | Step::CredentialStuffing
                | Step::SecondFactorFailed
                | Step::RefreshReused
                | Step::ProviderRefused
                | Step::PasskeyFailed
                | Step::PasskeyCloned
        )
    }
}

/// A step with its circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEvent {
    /// The step.
    pub step: Step,
    /// The user, if there is one.
    pub user: Option<String>,
    /// From where; nothing for what is done by an operator.
    pub address: Option<IpAddr>,
    /// By which means, or why.
    pub reason: &'static str,
}

/// Where they go.
pub trait AccountEvents: Send + Sync {
    /// Takes one.
    fn tell(&self, event: AccountEvent);
}
