//! How the API is reached: headers for all requests, a proxy, certificates, a pace.

use std::path::{Path, PathBuf};

use attack::{ApiUrl, ClientCertificate, HttpClient, Proxy, Trust};
use clap::Args;
use http::{HeaderName, HeaderValue};

use super::accounts::secret;
use crate::exit::Failure;

#[derive(Args)]
pub(super) struct Reach {
    /// A header on all requests, as `X-Stage: test`, or `X-Key: @NAME` for an environment variable.
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// No more than so many requests a second: `5/s`.
    #[arg(long, value_name = "NUMBER/s", value_parser = pace)]
    pace: Option<f64>,
    /// Send everything through an HTTP proxy, as `http://127.0.0.1:8081`.
    #[arg(long, value_name = "URL")]
    proxy: Option<Proxy>,
    /// Believe only the certificates of the authorities in this file (PEM).
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Believe any certificate: for test systems.
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
    /// Show this certificate to the API (PEM).
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_certificate: Option<PathBuf>,
    /// The key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,
}

fn pace(text: &str) -> Result<f64, String> {
    let number: Result<f64, _> = text.trim_end_matches("/s").trim().parse();
    match number {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("write a number of requests a second: 5/s, or 0.5/s".into()),
    }
}

impl Reach {
    /// A client for an API.
    pub(super) fn client(&self, url: &ApiUrl) -> Result<HttpClient, Failure> {
        let mut builder = HttpClient::builder(url.clone());
        for text in &self.header {
            let (name, value) = header(text).map_err(|error| Failure::usage(miette::miette!("{error}")))?;
            builder = builder.header(name, value);
        }
        builder = match (&self.ca, self.insecure) {
            (Some(file), _) => builder.trust(Trust::Authorities(read(file)?)),
            (None, true) => builder.trust(Trust::Anybody),
            (None, false) => builder,
        };
        if let (Some(chain), Some(key)) = (&self.client_certificate, &self.client_key) {
            builder = builder.certificate(ClientCertificate { chain: read(chain)?, key: read(key)? });
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        if let Some(pace) = self.pace {
            builder = builder.pace(pace);
        }
        builder.build().map_err(|error| Failure::usage(miette::miette!("{error}")))
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write a header as `X-Stage: test`")?;
    let value = secret(value.trim(), &|name| std::env::var(name).ok())?;
    let header: HeaderName = name.trim().parse().map_err(|_| format!("`{name}` is no name of a header"))?;
    let value = HeaderValue::from_str(&value).map_err(|_| format!("{header}: not the value of a header"))?;
    Ok((header, value))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::usage(miette::miette!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_number_a_second() {
        for (text, expected) in
            [("5/s", Some(5.0)), ("0.5", Some(0.5)), ("0/s", None), ("-1", None), ("x", None)]
        {
            assert_eq!(pace(text).ok(), expected, "{text}");
        }
    }
}
