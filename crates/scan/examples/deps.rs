//! Reads lock files and looks them up in an exported database: `cargo run -p scan --example deps PATH [EXPORT]`.
//! Without an export, it prints what was read.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use scan::deps::{Date, Ignores, Limits, inventory, judge, osv};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give a lock file or a directory")?;
    let limits = Limits::default();
    let found = inventory(Path::new(&path), &limits)?;
    let mut out = std::io::stdout().lock();
    let Some(export) = arguments.next() else {
        for package in &found.packages {
            writeln!(
                out,
                "{}:{} {} {} {} {:?}",
                package.file, package.line, package.ecosystem, package.name, package.version, package.scope
            )?;
        }
        for unjudged in &found.unjudged {
            writeln!(
                out,
                "{}:{} not judged: {}: {}",
                unjudged.file, unjudged.line, unjudged.what, unjudged.why
            )?;
        }
        for fault in &found.faults {
            writeln!(out, "failed: {fault}")?;
        }
        writeln!(out, "{} packages in {} files", found.packages.len(), found.files.len())?;
        return Ok(());
    };
    let advisories = osv::offline::advisories(Path::new(&export), &found.packages, &limits)?;
    let today =
        Date::from_unix(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs());
    write!(out, "{}", judge(&found, &advisories, &Ignores::default(), today).text())?;
    Ok(())
}
