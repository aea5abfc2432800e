//! Where a database is, and how it is connected to.

use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::StoreError;

/// Timeout of one attempt to connect, and of one answer of the ledger.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

/// A database on a server.
pub(super) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Server {
    /// The database at `postgres://user@host/database`. `sslmode=require` asks for TLS with a certificate that this
    /// machine trusts.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        // The library's message may quote the address, and with it the password.
        let mut config =
            Config::from_str(url).map_err(|_| StoreError::Address("postgres://user@host/database"))?;
        config.connect_timeout(TIMEOUT).application_name("doorward");
        let tls = (config.get_ssl_mode() != SslMode::Disable).then(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            MakeRustlsConnect::new(
                ClientConfig::builder().with_root_certificates(roots).with_no_client_auth(),
            )
        });
        Ok(Server { config, tls })
    }

    /// The address without user and password.
    pub(super) fn address(&self) -> String {
        let host = self.config.get_hosts().first().map_or("localhost".into(), |host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        format!("{host}/{}", self.config.get_dbname().unwrap_or(""))
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }

    pub(super) fn unavailable(&self, why: impl std::fmt::Display) -> StoreError {
        StoreError::Unavailable(format!("postgres at {}: {why}", self.address()))
    }

    pub(super) fn unusable(&self, why: impl std::fmt::Display) -> StoreError {
        StoreError::Unusable(format!("postgres at {}: {why}", self.address()))
    }

    /// What the database says.
    pub(super) fn failed(&self, error: &tokio_postgres::Error) -> StoreError {
        match error.as_db_error() {
            Some(error) => self.unavailable(error.message()),
            None => self.unavailable(error),
        }
    }
}
