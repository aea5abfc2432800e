//! Files that were left where the server serves files.

use report::Level;

use super::content::Mark;
use super::ground::Ground;
use super::listed::{Where, try_path};
use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Answer;
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "left-files",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Is there a backup, a configuration or a repository beside the API?",
    level: Level::High,
    references: &["CWE-530", "CWE-538", "API9:2023"],
    mend_in_code: "Serve one folder that holds nothing but what is public; change every secret that was in the file.",
    mend_at_gate: "With a document, [schema] undeclared refuses paths that it does not have; change every secret all the same.",
    run: |p, tried| Box::pin(run(p, tried)),
};

const SQLITE: Mark = Mark::Begins(b"SQLite format 3");
const ZIP: Mark = Mark::Begins(b"PK\x03\x04");
const GZIP: Mark = Mark::Begins(b"\x1f\x8b");
const KEY: Mark = Mark::Has(&["private key-----"]);
const PYTHON: Mark =
    Mark::HasAny(&["import os", "from flask", "from fastapi", "from django", "secret_key =", "def "]);
/// Of a server: bundles for browsers have `require` and `module.exports`, too.
const NODE: Mark = Mark::HasAny(&[
    "require('express",
    "require(\"express",
    "from 'express",
    "from \"express",
    "require('fastify",
    "require(\"fastify",
    "from 'fastify",
    "require('koa",
    "require('http')",
    "require(\"http\")",
    "createserver(",
]);

/// Files, and by what each is known.
const FILES: &[(&str, Mark)] = &[
    ("/.env", Mark::Environment),
    ("/.env.local", Mark::Environment),
    ("/.env.production", Mark::Environment),
    ("/.env.bak", Mark::Environment),
    ("/.env.old", Mark::Environment),
    ("/.git/config", Mark::Has(&["[core]"])),
    ("/.git/HEAD", Mark::Has(&["ref: refs/"])),
    ("/.svn/wc.db", SQLITE),
    ("/.hg/requires", Mark::HasAny(&["revlogv1", "dotencode"])),
    ("/.DS_Store", Mark::Begins(b"\0\0\0\x01Bud1")),
    ("/.htpasswd", Mark::HasAny(&[":$apr1$", ":$2y$", ":{sha}"])),
    ("/.npmrc", Mark::HasAny(&["_authtoken", "registry="])),
    ("/.aws/credentials", Mark::Has(&["aws_access_key_id"])),
    ("/.ssh/id_rsa", KEY),
    ("/id_rsa", KEY),
    ("/server.key", KEY),
    ("/private.key", KEY),
    ("/backup.sql", Mark::Sql),
    ("/dump.sql", Mark::Sql),
    ("/db.sql", Mark::Sql),
    ("/database.sql", Mark::Sql),
    ("/backup.zip", ZIP),
    ("/backup.tar.gz", GZIP),
    ("/backup.sql.gz", GZIP),
    ("/db.sqlite3", SQLITE),
    ("/db.sqlite", SQLITE),
    ("/database.sqlite", SQLITE),
    ("/database.db", SQLITE),
    ("/app.db", SQLITE),
    ("/config.json", Mark::Settings),
    ("/secrets.json", Mark::Settings),
    ("/credentials.json", Mark::HasAny(&["private_key", "client_secret", "password"])),
    ("/appsettings.json", Mark::HasAny(&["connectionstrings", "\"logging\""])),
    ("/package.json", Mark::Has(&["\"dependencies\""])),
    ("/composer.json", Mark::Has(&["\"require\""])),
    (
        "/requirements.txt",
        Mark::HasAny(&["django==", "flask==", "fastapi==", "fastapi>=", "django>=", "flask>="]),
    ),
    ("/config.yml", Mark::HasAny(&["password:", "secret", "database:"])),
    ("/config.yaml", Mark::HasAny(&["password:", "secret", "database:"])),
    ("/docker-compose.yml", Mark::Has(&["services:"])),
    ("/Dockerfile", Mark::Has(&["from ", "run "])),
    ("/application.properties", Mark::HasAny(&["spring.", "server.port"])),
    ("/application.yml", Mark::HasAny(&["spring:", "datasource:"])),
    ("/web.config", Mark::Has(&["<configuration"])),
    ("/wp-config.php.bak", Mark::Has(&["db_password"])),
    ("/config.php.bak", Mark::Has(&["<?php"])),
    ("/index.php.bak", Mark::Has(&["<?php"])),
    ("/settings.py", PYTHON),
    ("/main.py", PYTHON),
    ("/app.py", PYTHON),
    ("/server.js", NODE),
    ("/app.js", NODE),
    ("/error.log", Mark::Log),
    ("/access.log", Mark::Log),
    ("/app.log", Mark::Log),
    ("/logs/app.log", Mark::Log),
    ("/storage/logs/laravel.log", Mark::Has(&["stack trace"])),
];

/// Those that tell of the software and hold no secret.
const MINOR: &[&str] =
    &["/package.json", "/composer.json", "/requirements.txt", "/Dockerfile", "/.DS_Store", "/web.config"];

/// Those that are also tried below the API's own root.
const BELOW: &[&str] = &["/.env", "/.git/config", "/backup.sql", "/dump.sql", "/config.json", "/db.sqlite3"];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut ground = Ground::new();
    for (path, mark) in FILES {
        let proof = |answer: &Answer| {
            mark.is_in(answer).then(|| "a file that is for nobody is served to everybody".to_owned())
        };
        let at = if BELOW.contains(path) { Where::Both } else { Where::Server };
        let found = try_path(p, &mut ground, path, at, &proof, tried).await;
        tried.take(found)?;
    }
    let minor = |operation: &str| MINOR.iter().any(|path| operation.ends_with(path));
    tried
        .holes
        .iter_mut()
        .filter(|hole| minor(&hole.operation))
        .for_each(|hole| hole.level = Some(Level::Low));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_stands_once_and_below_the_api_are_some_of_them() {
        let names: std::collections::HashSet<&str> = FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(names.len(), FILES.len());
        assert!(BELOW.iter().chain(MINOR).all(|path| names.contains(path)));
    }
}
