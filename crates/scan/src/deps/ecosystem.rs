//! The worlds that packages come from, under the names that OSV gives them.

use std::fmt;

use packageurl::PackageUrl;

/// An ecosystem: one registry, one way to write names, one order of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Rust.
    CratesIo,
    /// Go modules.
    Go,
    /// Java, Kotlin, Scala.
    Maven,
    /// JavaScript.
    Npm,
    /// .NET.
    NuGet,
    /// PHP.
    Packagist,
    /// Python.
    PyPi,
    /// Ruby.
    RubyGems,
}

impl Ecosystem {
    /// All of them.
    pub const ALL: [Ecosystem; 8] = [
        Ecosystem::CratesIo,
        Ecosystem::Go,
        Ecosystem::Maven,
        Ecosystem::Npm,
        Ecosystem::NuGet,
        Ecosystem::Packagist,
        Ecosystem::PyPi,
        Ecosystem::RubyGems,
    ];

    /// The name in the OSV schema.
    pub const fn osv_name(self) -> &'static str {
        match self {
            Ecosystem::CratesIo => "crates.io",
            Ecosystem::Go => "Go",
            Ecosystem::Maven => "Maven",
            Ecosystem::Npm => "npm",
            Ecosystem::NuGet => "NuGet",
            Ecosystem::Packagist => "Packagist",
            Ecosystem::PyPi => "PyPI",
            Ecosystem::RubyGems => "RubyGems",
        }
    }

    /// The ecosystem of an advisory. What follows a colon names another registry of the same kind
    /// (`Maven:https://repo.spring.io`).
    pub fn from_osv(name: &str) -> Option<Self> {
        let name = name.split(':').next().unwrap_or(name);
        Ecosystem::ALL.into_iter().find(|ecosystem| ecosystem.osv_name() == name)
    }

    /// The type in a package URL.
    pub const fn purl_type(self) -> &'static str {
        match self {
            Ecosystem::CratesIo => "cargo",
            Ecosystem::Go => "golang",
            Ecosystem::Maven => "maven",
            Ecosystem::Npm => "npm",
            Ecosystem::NuGet => "nuget",
            Ecosystem::Packagist => "composer",
            Ecosystem::PyPi => "pypi",
            Ecosystem::RubyGems => "gem",
        }
    }

    /// The ecosystem of a package URL, if it is one of these.
    pub fn from_purl_type(name: &str) -> Option<Self> {
        Ecosystem::ALL.into_iter().find(|ecosystem| ecosystem.purl_type() == name)
    }

    /// The name as the ecosystem writes it: PEP 503 in Python, lower case on Packagist.
    pub fn name(self, written: &str) -> String {
        match self {
            Ecosystem::PyPi => {
                let parts = written.split(['-', '_', '.']).filter(|part| !part.is_empty());
                parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
            }
            Ecosystem::Packagist => written.to_ascii_lowercase(),
            _ => written.to_owned(),
        }
    }

    /// What two names of one package have in common. NuGet shows names as their authors wrote them and compares them
    /// without case.
    pub fn key(self, written: &str) -> String {
        match self {
            Ecosystem::NuGet => written.to_ascii_lowercase(),
            _ => self.name(written),
        }
    }

    /// The package URL, `None` where the parts do not make one.
    pub fn purl(self, name: &str, version: &str) -> Option<String> {
        let (namespace, short) = match self {
            Ecosystem::Maven => name.split_once(':').map(|(group, artifact)| (Some(group), artifact))?,
            Ecosystem::Npm | Ecosystem::Go | Ecosystem::Packagist => match name.rsplit_once('/') {
                Some((namespace, short)) => (Some(namespace), short),
                None => (None, name),
            },
            _ => (None, name),
        };
        let mut purl = PackageUrl::new(self.purl_type(), short).ok()?;
        if let Some(namespace) = namespace {
            purl.with_namespace(namespace).ok()?;
        }
        // Module versions carry their `v` in package URLs; lock files are read without it.
        let version = if self == Ecosystem::Go { format!("v{version}") } else { version.to_owned() };
        purl.with_version(version).ok()?;
        Some(purl.to_string())
    }

    /// What a person does to get another version.
    pub(crate) fn upgrade(self, name: &str, version: &str) -> String {
        match self {
            Ecosystem::CratesIo => {
                format!("upgrade {name} to {version}: cargo update -p {name} --precise {version}")
            }
            Ecosystem::Go => format!("upgrade {name} to v{version}: go get {name}@v{version}"),
            Ecosystem::Maven => {
                format!("upgrade {name} to {version} in the pom.xml or build.gradle that asks for it")
            }
            Ecosystem::Npm => {
                format!(
                    "upgrade {name} to {version}: npm install {name}@{version}, or an entry in `overrides`"
                )
            }
            Ecosystem::NuGet => {
                format!("upgrade {name} to {version}: dotnet add package {name} --version {version}")
            }
            Ecosystem::Packagist => {
                format!("upgrade {name} to {version}: composer require {name}:^{version}")
            }
            Ecosystem::PyPi => format!("upgrade {name} to {version}: write {name}>={version} and lock again"),
            Ecosystem::RubyGems => {
                format!(
                    "upgrade {name} to {version}: write gem \"{name}\", \">= {version}\" and bundle update {name}"
                )
            }
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.osv_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_their_ecosystems_write_them() {
        for (ecosystem, written, name, key) in [
            (Ecosystem::PyPi, "Foo__Bar.-baz", "foo-bar-baz", "foo-bar-baz"),
            (Ecosystem::Packagist, "Symfony/HTTP-kernel", "symfony/http-kernel", "symfony/http-kernel"),
            (Ecosystem::NuGet, "Newtonsoft.Json", "Newtonsoft.Json", "newtonsoft.json"),
            (Ecosystem::Npm, "@a/B", "@a/B", "@a/B"),
        ] {
            assert_eq!((ecosystem.name(written), ecosystem.key(written)), (name.into(), key.into()));
        }
    }

    #[test]
    fn package_urls_have_their_namespaces() {
        for (ecosystem, name, purl) in [
            (Ecosystem::Npm, "@a/b", "pkg:npm/%40a/b@1.0"),
            (Ecosystem::Maven, "org.x:y", "pkg:maven/org.x/y@1.0"),
            (Ecosystem::Go, "github.com/a/b/v2", "pkg:golang/github.com/a/b/v2@v1.0"),
            (Ecosystem::CratesIo, "a", "pkg:cargo/a@1.0"),
        ] {
            assert_eq!(ecosystem.purl(name, "1.0").as_deref(), Some(purl));
        }
        assert_eq!(Ecosystem::Maven.purl("no-group", "1"), None);
    }
}
