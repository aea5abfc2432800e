//! The accounts of a run, as they stand on the command line. Secrets may stand in the environment instead.

use attack::{Account, Identity};
use clap::Args;

use crate::exit::Failure;

#[derive(Args)]
pub(super) struct Accounts {
    /// An account that logs in, as `alice:her-password`, or `alice:@NAME` for a password in an environment variable. Give
    /// two: the first is the victim, the second attacks.
    #[arg(long, value_name = "NAME:PASSWORD")]
    login: Vec<String>,
    /// What the requests of an account carry, as `alice=Authorization: Bearer ey...`, or `alice=Authorization: Bearer @NAME`
    /// for an environment variable. Several headers of one name belong together. Accounts with --login come first.
    #[arg(long, value_name = "NAME=HEADER")]
    identity: Vec<String>,
    /// An account that may do more than others, as for --login or --identity.
    #[arg(long, value_name = "NAME:PASSWORD|NAME=HEADER")]
    admin: Vec<String>,
}

impl Accounts {
    /// The accounts, and the administrator.
    pub(super) fn read(&self) -> Result<(Vec<Account>, Option<Account>), Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        self.read_with(&variable).map_err(|error| Failure::usage(miette::miette!("{error}")))
    }

    fn read_with(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Vec<Account>, Option<Account>), String> {
        let mut accounts = Vec::new();
        for text in &self.login {
            add_login(&mut accounts, text, variable)?;
        }
        for text in &self.identity {
            add_identity(&mut accounts, text, variable)?;
        }
        if let Some(third) = accounts.get(2) {
            return Err(format!(
                "`{}` is one account too many: a run has a victim, an attacker, and with --admin an administrator",
                third.name
            ));
        }
        let mut administrators = Vec::new();
        for text in &self.admin {
            match text.find(['=', ':']).and_then(|at| text.get(at..=at)) {
                Some("=") => add_identity(&mut administrators, text, variable)?,
                _ => add_login(&mut administrators, text, variable)?,
            }
        }
        if administrators.len() > 1 {
            return Err("--admin is one account; several headers of one name belong together".into());
        }
        Ok((accounts, administrators.pop()))
    }
}

fn add_login(
    accounts: &mut Vec<Account>,
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), String> {
    let (name, password) = text
        .split_once(':')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write NAME:PASSWORD, or NAME:@VARIABLE for a password in the environment")?;
    let password = secret(password, variable)?;
    account_of(accounts, name).credentials = Some((name.to_owned(), password));
    Ok(())
}

fn add_identity(
    accounts: &mut Vec<Account>,
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), String> {
    // The error must not show the value, which is a secret.
    let parsed = text.parse::<Identity>();
    let identity = parsed.map_err(|_| {
        let name = text.split(['=', ':']).next().unwrap_or("");
        format!("`{name}...` is not an identity; write `alice=Authorization: Bearer eyJ...`")
    })?;
    let account = account_of(accounts, &identity.name);
    let known =
        account.identity.get_or_insert_with(|| Identity { name: identity.name.clone(), headers: Vec::new() });
    for (header, value) in identity.headers {
        let value = match value.rsplit_once(' ') {
            Some((before, last)) if last.starts_with('@') => format!("{before} {}", secret(last, variable)?),
            _ => secret(&value, variable)?,
        };
        known.headers.push((header, value));
    }
    Ok(())
}

/// The account of this name, which is added where there is none.
#[expect(clippy::indexing_slicing, reason = "the index was found or made just before")]
fn account_of<'a>(accounts: &'a mut Vec<Account>, name: &str) -> &'a mut Account {
    let at = accounts.iter().position(|account| account.name == name).unwrap_or_else(|| {
        accounts.push(Account { name: name.to_owned(), ..Account::default() });
        accounts.len() - 1
    });
    &mut accounts[at]
}

/// A secret, or the environment variable that has it: `@NAME`. `@@` stands for a secret that begins with `@`.
pub(super) fn secret(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let Some(name) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    if name.starts_with('@') {
        return Ok(name.to_owned());
    }
    variable(name).ok_or_else(|| {
        format!("the environment variable {name} is not set; a secret that begins with @ is written with @@")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        login: &[&str],
        identity: &[&str],
        admin: &[&str],
    ) -> Result<(Vec<Account>, Option<Account>), String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let accounts = Accounts { login: owned(login), identity: owned(identity), admin: owned(admin) };
        accounts.read_with(&|name| (name == "SECRET").then(|| "from outside".to_owned()))
    }

    #[test]
    fn accounts_have_passwords_and_headers_here_or_in_the_environment() {
        let headers = |account: &Account| account.identity.as_ref().unwrap().headers.clone();
        let (accounts, admin) = read(
            &["alice:a:b", "bob@example.com:@SECRET"],
            &["alice=Authorization: Bearer @SECRET", "alice=X-Tenant: 7"],
            &["carol=Cookie: a=b; c=@@d"],
        )
        .unwrap();
        assert_eq!(accounts[0].credentials, Some(("alice".into(), "a:b".into())));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            headers(&accounts[0]),
            [pair("Authorization", "Bearer from outside"), pair("X-Tenant", "7")]
        );
        assert_eq!(accounts[1].credentials, Some(("bob@example.com".into(), "from outside".into())));
        assert_eq!(headers(&admin.unwrap()), [pair("Cookie", "a=b; c=@@d")]);
        let (_, admin) = read(&[], &[], &["carol:@@home=1"]).unwrap();
        assert_eq!(admin.unwrap().credentials, Some(("carol".into(), "@home=1".into())));
    }

    #[test]
    fn what_is_no_account_is_an_error_without_the_secret() {
        for (login, identity, reason) in [
            (&["alice"][..], &[][..], "write NAME:PASSWORD"),
            (&["alice:@MISSING"], &[], "MISSING is not set"),
            (&["a:1", "b:2", "c:3"], &[], "`c` is one account too many"),
            (&[], &["alice=hidden"], "`alice...` is not an identity"),
        ] {
            let error = read(login, identity, &[]).unwrap_err();
            assert!(error.contains(reason) && !error.contains("hidden"), "{error}");
        }
    }
}
