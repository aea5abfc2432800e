//! The lock files that are read, one module for each tool that writes them.

mod bundler;
mod cargo;
mod composer;
mod cyclonedx;
mod files;
mod go;
mod gradle;
mod lines;
mod maven;
mod npm;
mod nuget;
mod pnpm;
mod python;
mod requirements;
mod yarn;

pub(crate) use files::{Files, plain};

use super::package::{Contents, TextFault};
use super::tree;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Cargo,
    Npm,
    Pnpm,
    Yarn,
    Requirements,
    Poetry,
    Uv,
    Pipfile,
    GoMod,
    GoSum,
    Maven,
    Gradle,
    Composer,
    Bundler,
    NuGet,
    CycloneDx,
}

impl Kind {
    /// The kind of a file by its name, and that of its directory.
    pub(crate) fn of(name: &str, directory: Option<&str>) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let ends = |ending: &str| lower.ends_with(ending);
        Some(match name {
            "Cargo.lock" => Kind::Cargo,
            "package-lock.json" | "npm-shrinkwrap.json" => Kind::Npm,
            "pnpm-lock.yaml" => Kind::Pnpm,
            "yarn.lock" => Kind::Yarn,
            "poetry.lock" => Kind::Poetry,
            "uv.lock" => Kind::Uv,
            "Pipfile.lock" => Kind::Pipfile,
            "go.mod" => Kind::GoMod,
            "go.sum" => Kind::GoSum,
            "pom.xml" => Kind::Maven,
            "gradle.lockfile" | "buildscript-gradle.lockfile" => Kind::Gradle,
            "composer.lock" => Kind::Composer,
            "Gemfile.lock" | "gems.locked" => Kind::Bundler,
            "packages.lock.json" => Kind::NuGet,
            "bom.json" | "sbom.json" => Kind::CycloneDx,
            _ if ends(".cdx.json") || ends(".cyclonedx.json") => Kind::CycloneDx,
            _ if ends(".txt") && (lower.starts_with("requirements") || directory == Some("requirements")) => {
                Kind::Requirements
            }
            _ => return None,
        })
    }

    /// Reads what a file says.
    ///
    /// # Errors
    /// When the file as a whole is not of this kind. What is wrong with one entry is a fault in `out`.
    pub(crate) fn read(self, text: &str, files: &Files<'_>, out: &mut Contents) -> Result<(), TextFault> {
        let limits = files.limits();
        match self {
            Kind::Cargo => cargo::read(&tree::toml(text, limits)?, out),
            Kind::Npm => npm::read(&tree::json(text, limits)?, out),
            Kind::Pnpm => pnpm::read(&tree::yaml(text, limits)?, out),
            Kind::Yarn if yarn::is_berry(text) => yarn::read_berry(&tree::yaml(text, limits)?, out),
            Kind::Yarn => yarn::read(text, out),
            Kind::Requirements => {
                requirements::read(text, files, out);
                Ok(())
            }
            Kind::Poetry => python::poetry(&tree::toml(text, limits)?, out),
            Kind::Uv => python::uv(&tree::toml(text, limits)?, out),
            Kind::Pipfile => python::pipfile(&tree::json(text, limits)?, out),
            Kind::GoMod => go::read_mod(text, out),
            Kind::GoSum => go::read_sum(text, out),
            Kind::Maven => maven::read(&tree::xml(text, limits)?, files, out),
            Kind::Gradle => gradle::read(text, out),
            Kind::Composer => composer::read(&tree::json(text, limits)?, out),
            Kind::Bundler => bundler::read(text, out),
            Kind::NuGet => nuget::read(&tree::json(text, limits)?, out),
            Kind::CycloneDx => cyclonedx::read(&tree::json(text, limits)?, out),
        }
    }
}
