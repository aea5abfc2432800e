//! What is in `packaging/`, and what the binary makes for it: completions, man pages, unit, policies, chart, tarball.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BINARY: &str = env!("CARGO_BIN_EXE_doorward");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).current_dir(ROOT).env("NO_COLOR", "1").output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether a program is there; it has to be in CI.
fn is_there(program: &str) -> bool {
    let found =
        Command::new("sh").args(["-c", "command -v \"$0\"", program]).output().unwrap().status.success();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed; ./test installs it");
    if !found {
        eprintln!("left out: {program} is not installed");
    }
    found
}

/// The commands that `--help` lists.
fn commands(of: &[&str]) -> Vec<String> {
    let help = text(&run(BINARY, &[of, &["--help"]].concat()));
    let Some((_, rest)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = rest.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_shell_gets_a_script_that_knows_every_command() {
    let commands = commands(&[]);
    assert!(commands.len() >= 12, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&run(BINARY, &["completions", shell]));
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell}: {command}");
        }
    }
    let script = format!(
        "set -eu; source <({BINARY} completions bash); set +u; COMP_WORDS=(doorward run --up); COMP_CWORD=2; \
         _doorward doorward --up run; echo \"${{COMPREPLY[@]}}\""
    );
    assert_eq!(text(&run("bash", &["-c", &script])), "--upstream\n");
}

#[test]
fn every_command_has_a_man_page() {
    let directory = tempfile::tempdir().unwrap();
    assert!(run(BINARY, &["man", "--dir", directory.path().to_str().unwrap()]).status.success());
    let mut expected = BTreeSet::from(["doorward.1".to_owned()]);
    for command in commands(&[]) {
        for below in commands(&[&command]) {
            expected.insert(format!("doorward-{command}-{below}.1"));
            let deeper = commands(&[&command, &below]);
            expected.extend(deeper.into_iter().map(|last| format!("doorward-{command}-{below}-{last}.1")));
        }
        expected.insert(format!("doorward-{command}.1"));
    }
    let written: BTreeSet<String> = directory
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written, expected);
    assert_eq!(
        text(&run(BINARY, &["man"])).lines().take(20).collect::<Vec<_>>(),
        std::fs::read_to_string(directory.path().join("doorward.1"))
            .unwrap()
            .lines()
            .take(20)
            .collect::<Vec<_>>()
    );
    if is_there("groff") {
        for page in written.iter().map(|page| directory.path().join(page)) {
            let page = page.to_str().unwrap();
            assert_eq!(text(&run("groff", &["-man", "-ww", "-z", page])), "", "{page}");
        }
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    if !is_there("systemd-analyze") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("doorward.service");
    let here = file("packaging/doorward.service")
        .replace("/usr/bin/doorward", BINARY)
        .replace("man:doorward(1) ", "");
    std::fs::write(&unit, here).unwrap();
    let unit = unit.to_str().unwrap();
    let verified = run("systemd-analyze", &["verify", unit]);
    assert!(
        verified.status.success() && !text(&verified).contains("doorward.service"),
        "{}",
        text(&verified)
    );
    // Tenths: 0 is best, 100 is a service without any setting.
    let exposure =
        run("systemd-analyze", &["security", "--offline=true", "--no-pager", "--threshold=15", unit]);
    assert!(exposure.status.success(), "{}", text(&exposure));
}

#[test]
fn the_policies_that_are_shipped_are_valid_and_say_what_to_set() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("doorward.toml");
    let name = path.to_str().unwrap();
    for shipped in ["packaging/doorward.toml", "packaging/container.toml"] {
        std::fs::write(&path, file(shipped)).unwrap();
        let check = run(BINARY, &["check", "--config", name]);
        assert!(check.status.success(), "{shipped}: {}", text(&check));
        let started = run(BINARY, &["run", "--config", name]);
        let said: String = text(&started).split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!(started.status.code(), Some(2), "{said}");
        assert!(
            said.contains("no upstream is configured") && said.contains("below `[gateway]` there"),
            "{said}"
        );
        assert!(said.contains("upstream = [") && said.contains(name), "{said}");
    }
    let set = file("packaging/doorward.toml").replace("# upstream =", "upstream =");
    std::fs::write(&path, set).unwrap();
    let check = text(&run(BINARY, &["check", "--config", name]));
    assert!(check.contains(r#"gateway.upstream = ["http://127.0.0.1:3000"]"#), "{check}");
}

/// Helm as `./test` installs it, or the one of the machine.
fn helm() -> Option<PathBuf> {
    let own = Path::new(ROOT).join("target/helm/helm");
    if own.exists() { Some(own) } else { is_there("helm").then(|| "helm".into()) }
}

#[test]
fn the_charts_policy_is_valid_and_its_versions_are_those_of_the_binary() {
    let chart = "packaging/helm/doorward";
    let values: serde_json::Value = serde_saphyr::from_str(&file(&format!("{chart}/values.yaml"))).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("doorward.toml");
    std::fs::write(&path, values["policy"].as_str().unwrap()).unwrap();
    let check = run(BINARY, &["check", "--upstream", "http://api:3000", "--config", path.to_str().unwrap()]);
    assert!(check.status.success(), "{}", text(&check));
    let version = env!("CARGO_PKG_VERSION");
    assert!(file(&format!("{chart}/Chart.yaml")).contains(&format!("appVersion: \"{version}\"\n")));
    assert!(file("packaging/Containerfile").contains(&format!("ARG VERSION={version}\n")));
}

#[test]
fn helm_renders_the_chart_and_says_what_is_missing() {
    let Some(helm) = helm() else { return };
    let chart = "packaging/helm/doorward";
    let everything = [
        "upstream={http://a:1,https://b}",
        "secrets={tls}",
        "files.api\\.yaml=paths: {}",
        "service.type=LoadBalancer",
        "service.externalTrafficPolicy=Local",
        "podDisruptionBudget.enabled=true",
        "autoscaling.enabled=true",
        "serviceAccountName=gate",
        "podLabels.team=a",
    ];
    let set: Vec<&str> = everything.iter().flat_map(|value| ["--set", value]).collect();
    for values in [&set[..2], &set] {
        let lint = run(&helm, &[&["lint", "--strict", chart][..], values].concat());
        assert!(lint.status.success(), "{}", text(&lint));
    }
    let rendered = text(&run(&helm, &[&["template", "x", chart][..], &set].concat()));
    for part in [
        "kind: HorizontalPodAutoscaler",
        "kind: PodDisruptionBudget",
        "externalTrafficPolicy: Local",
        "\"--upstream=https://b\"",
        "mountPath: /run/secrets/doorward/tls",
        "readOnlyRootFilesystem: true",
        "path: /readyz",
        "  api.yaml: |\n    paths: {}",
    ] {
        assert!(rendered.contains(part), "{part}: {rendered}");
    }
    for (values, says) in [
        (&[][..], "name the API to protect"),
        (&["--set", "upstream={ftp://a}"], "does not match pattern"),
        (&["--set", "upstream={http://a}", "--set", "replica=1"], "replica"),
    ] {
        let refused = run(&helm, &[&["template", "x", chart][..], values].concat());
        assert!(!refused.status.success() && text(&refused).contains(says), "{}", text(&refused));
    }
}

#[test]
fn dist_makes_a_tarball_whose_binary_runs_and_everything_that_the_package_names() {
    let directory = tempfile::tempdir().unwrap();
    // In place of the binary, which is large.
    let stand_in = directory.path().join("doorward");
    std::fs::write(&stand_in, format!("#!/bin/sh\nexec {BINARY} \"$@\"\n")).unwrap();
    let made = Command::new("sh")
        .args(["-c", "chmod +x \"$BINARY\" && packaging/dist"])
        .current_dir(ROOT)
        .env("BINARY", &stand_in)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let out = Path::new(ROOT).join("target/packaging/out");
    let summed =
        Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&out).output().unwrap();
    assert!(summed.status.success(), "{}", text(&summed));
    let tarball = out.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let tarball = tarball.into_iter().find(|path| path.to_str().unwrap().ends_with(".tar.gz")).unwrap();
    let prefix = directory.path().join("local");
    std::fs::create_dir(&prefix).unwrap();
    let unpacked = run(
        "tar",
        &["-xzf", tarball.to_str().unwrap(), "-C", prefix.to_str().unwrap(), "--strip-components", "1"],
    );
    assert!(unpacked.status.success(), "{}", text(&unpacked));
    assert!(text(&run(prefix.join("bin/doorward"), &["--version"])).contains(env!("CARGO_PKG_VERSION")));
    for path in [
        "share/man/man1/doorward-run.1",
        "share/bash-completion/completions/doorward",
        "share/zsh/site-functions/_doorward",
        "share/fish/vendor_completions.d/doorward.fish",
        "lib/sysusers.d/doorward.conf",
        "share/doc/doorward/THIRD-PARTY-LICENSES",
        "share/doc/doorward/docs/install.md",
    ] {
        assert!(std::fs::metadata(prefix.join(path)).is_ok_and(|meta| meta.len() > 0), "{path}");
    }
    let unit = std::fs::read_to_string(prefix.join("lib/systemd/system/doorward.service")).unwrap();
    assert!(
        unit.contains("ExecStart=/usr/local/bin/doorward ") && !unit.contains("/usr/bin/doorward"),
        "{unit}"
    );
    // The files of the Debian package, which cargo-deb makes of the same.
    let manifest = file("crates/doorward/Cargo.toml");
    let assets: Vec<&str> =
        manifest.lines().filter_map(|line| line.trim().strip_prefix("[\"../../")).collect();
    assert!(assets.len() > 10, "{assets:?}");
    for asset in assets {
        let pattern = asset.split('"').next().unwrap();
        let found = run("sh", &["-c", &format!("ls {pattern}")]);
        assert!(found.status.success(), "{}", text(&found));
    }
}
