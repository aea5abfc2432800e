//! Pages for developers that were left open.

use report::Level;

use super::content::is_inside;
use super::ground::Ground;
use super::listed::{Where, try_path};
use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Answer;
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "debug-path",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Did somebody leave a page for developers open?",
    level: Level::High,
    references: &["CWE-489", "CWE-200", "API9:2023"],
    mend_in_code: "Serve such pages on another port or not at all, and switch debugging off.",
    mend_at_gate: "With a document, [schema] undeclared refuses paths that it does not have; a [[route]] with deny = true refuses one.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How a page for developers is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// By any of these, in small letters.
    By(&'static [&'static str]),
    /// As JSON or lines that show settings, secrets, memory.
    Inside,
}

const PAGES: &[(&str, Known)] = &[
    ("/debug", Known::Inside),
    ("/debug/", Known::Inside),
    ("/_debug", Known::Inside),
    ("/debug/info", Known::Inside),
    ("/debug/vars", Known::By(&["\"memstats\"", "\"cmdline\""])),
    ("/debug/pprof/", Known::By(&["types of profiles available", "goroutine?debug"])),
    ("/debug/config", Known::Inside),
    ("/debug/env", Known::Inside),
    ("/env", Known::Inside),
    ("/config", Known::Inside),
    ("/_config", Known::Inside),
    ("/info", Known::Inside),
    ("/internal", Known::Inside),
    ("/internal/config", Known::Inside),
    ("/internal/debug", Known::Inside),
    ("/admin/debug", Known::Inside),
    ("/dev", Known::Inside),
    ("/test", Known::Inside),
    ("/dump", Known::Inside),
    ("/actuator", Known::By(&["\"env\":{\"href\"", "/actuator/env", "/actuator/heapdump"])),
    ("/actuator/env", Known::By(&["propertysources"])),
    ("/actuator/configprops", Known::By(&["\"contexts\""])),
    ("/actuator/mappings", Known::By(&["dispatcherservlet"])),
    ("/manage/env", Known::By(&["propertysources"])),
    (
        "/metrics",
        Known::By(&["# help process_", "# help go_", "# help nodejs_", "# help python_", "# help jvm_"]),
    ),
    ("/phpinfo.php", Known::By(&["php version"])),
    ("/info.php", Known::By(&["php version"])),
    ("/server-status", Known::By(&["apache server status", "server uptime"])),
    ("/server-info", Known::By(&["apache server information"])),
    ("/nginx_status", Known::By(&["active connections"])),
    ("/console", Known::By(&["interactive console", "werkzeug", "h2 console"])),
    ("/h2-console", Known::By(&["h2 console"])),
    ("/_profiler", Known::By(&["symfony profiler"])),
    ("/telescope", Known::By(&["laravel telescope", "<title>telescope"])),
    ("/horizon", Known::By(&["<title>horizon"])),
    ("/rails/info/routes", Known::By(&["helper", "controller#action"])),
    ("/rails/info/properties", Known::By(&["rails version"])),
    ("/__debug__/", Known::By(&["debug toolbar", "djdt"])),
    ("/elmah.axd", Known::By(&["error log for"])),
    ("/trace.axd", Known::By(&["application trace"])),
    ("/adminer.php", Known::By(&["adminer"])),
    ("/phpmyadmin/", Known::By(&["phpmyadmin"])),
    ("/hangfire", Known::By(&["hangfire dashboard"])),
    ("/swagger-stats/ui", Known::By(&["swagger-stats"])),
    ("/_ignition/health-check", Known::By(&["can_execute_commands"])),
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut ground = Ground::new();
    for (path, known) in PAGES {
        let proof = |answer: &Answer| {
            known.is_in(answer).then(|| "a page for developers is open to everybody".to_owned())
        };
        let is_common = ["/debug", "/actuator", "/metrics"].iter().any(|start| path.starts_with(start));
        let at = if is_common || *known == Known::Inside { Where::Both } else { Where::Server };
        let found = try_path(p, &mut ground, path, at, &proof, tried).await;
        tried.take(found)?;
    }
    // Figures are often for everybody on purpose.
    let figures =
        |operation: &str| ["/metrics", "/nginx_status"].iter().any(|path| operation.ends_with(path));
    tried
        .holes
        .iter_mut()
        .filter(|hole| figures(&hole.operation))
        .for_each(|hole| hole.level = Some(Level::Info));
    Ok(())
}

impl Known {
    fn is_in(self, answer: &Answer) -> bool {
        match self {
            Known::By(marks) => {
                let text = answer.text().to_ascii_lowercase();
                marks.iter().any(|mark| text.contains(mark))
            }
            Known::Inside => match answer.json() {
                Some(value) => is_inside(&value),
                None => {
                    let text = answer.text().to_ascii_lowercase();
                    let marks = [
                        "secret",
                        "password",
                        "environ",
                        "cwd",
                        "traceback",
                        "memory",
                        "sys.path",
                        "settings",
                        "loaded modules",
                    ];
                    marks.iter().filter(|mark| text.contains(**mark)).count() >= 3
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_for_developers_is_known_by_what_it_shows() {
        for (known, text, expected) in [
            (
                Known::Inside,
                "{\"node\":\"v20\",\"cwd\":\"/app\",\"config\":{\"JWT_SECRET\":\"harbour\"}}",
                true,
            ),
            (Known::Inside, "{\"status\":\"ok\",\"version\":\"1.2\"}", false),
            (Known::Inside, "<h1>Welcome</h1> forgot your password?", false),
            (Known::By(&["propertysources"]), "{\"propertySources\":[]}", true),
            (Known::By(&["propertysources"]), "{}", false),
        ] {
            let body = bytes::Bytes::from_static(text.as_bytes());
            let answer = Answer { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body };
            assert_eq!(known.is_in(&answer), expected, "{text}");
        }
    }
}
