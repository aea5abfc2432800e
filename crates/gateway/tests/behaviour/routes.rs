//! Every route that a request may be on to some server holds: whatever its path is spelled like, and whatever method a field
//! names. Beside each attack stands its honest neighbour.

use crate::support::{Recorder, Running, status};

/// The key of alice is `alice`.
const KEYS: &str = "[[auth.api_key]]\nsubject = 'alice'\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n";
const ALICE: (&str, &str) = ("X-API-Key", "alice");

const ROUTES: &str = "
[[route]]
path = '/admin/**'
auth = 'required'
[[route]]
path = '/orders/{id}'
bind = { 'path.id' = 'sub' }
[[route]]
path = '/users/me'
[[route]]
path = '/users/{name}'
bind = { 'path.name' = 'sub' }
[[route]]
path = '/reset/{id}'
limits = ['1 per day by ip']
[[route]]
path = '/old/**'
deny = true
[[route]]
path = '/api/**'
[[route]]
path = '/carts/{id}'
methods = ['DELETE']
auth = 'required'
";

fn gate(upstream: &Recorder) -> Running {
    Running::start(&format!("{KEYS}{ROUTES}"), &[upstream.url()])
}

#[test]
fn an_escaped_slash_is_a_slash_and_a_part_of_a_name() {
    let upstream = Recorder::plain();
    let gate = gate(&upstream);
    for (path, expected) in [
        ("/admin%2Fx", 401),
        ("/admin%2fx/y", 401),
        ("/x%2F..%2Fadmin", 400),
        ("/..%2Fadmin", 400),
        ("/ADMIN%2f", 401),
        ("/admin%252Fx", 401),
        ("/admin.%2Fx", 401),
        ("/orders%2Falice", 401),
        ("/orders%2Fbob", 401),
        ("/admin%5Cx", 400),
    ] {
        assert_eq!(status(&gate.get(path)), expected, "{path}");
        assert_eq!(upstream.take(), "", "{path}");
    }
    assert_eq!(status(&gate.ask("GET", "/orders%2Fbob", &[ALICE], b"")), 404);
    assert_eq!(upstream.take(), "");
    for path in
        ["/orders%2Falice", "/projects/group%2Fname", "/pouch/%2F_local%2Fa", "/x%252Fy", "/admin%2Fx"]
    {
        assert_eq!(status(&gate.ask("GET", path, &[ALICE], b"")), 200, "{path}");
        assert!(upstream.take().starts_with(&format!("GET {path} ")), "{path} is forwarded as it came");
    }
    for (path, expected) in [("/reset%2F1", 200), ("/Reset/2", 429), ("/reset%2f3", 429), ("/reset./4", 429)]
    {
        assert_eq!(status(&gate.get(path)), expected, "{path}: one limit holds for all of them");
    }
}

#[test]
fn blanks_and_dots_at_the_end_of_a_segment_make_no_difference() {
    let upstream = Recorder::plain();
    let gate = gate(&upstream);
    for path in
        ["/admin./x", "/admin%20/x", "/admin.%20./x", "/admin/x.", "/orders./alice", "/orders/.../alice"]
    {
        assert_eq!(status(&gate.get(path)), 401, "{path}");
    }
    assert_eq!(upstream.take(), "");
    for path in ["/files/a.", "/files/a%20", "/v1./x", "/..."] {
        assert_eq!(status(&gate.get(path)), 200, "{path}");
    }
}

#[test]
fn a_name_that_differs_from_a_fixed_one_in_case_is_held_by_both_routes() {
    let upstream = Recorder::plain();
    let gate = gate(&upstream);
    assert_eq!(status(&gate.get("/users/me")), 200);
    upstream.take();
    for (path, expected) in
        [("/users/ME", 404), ("/users/Me.", 404), ("/users/bob", 404), ("/users/alice", 200)]
    {
        assert_eq!(status(&gate.ask("GET", path, &[ALICE], b"")), expected, "{path}");
    }
}

#[test]
fn a_name_and_a_spelling_at_once_are_held_by_both_routes() {
    let upstream = Recorder::plain();
    let gate = gate(&upstream);
    for path in ["/users/ME/", "/users/me./", "/users/me;x/", "/users/me%20", "/users//ME"] {
        assert_eq!(status(&gate.ask("GET", path, &[ALICE], b"")), 404, "{path}");
    }
    assert_eq!(upstream.take(), "");
    assert_eq!(status(&gate.get("/users/me/")), 200, "a trailing slash alone makes no other name");
}

#[test]
fn escapes_that_mean_nothing_make_no_other_path() {
    let upstream = Recorder::plain();
    let policy = format!(
        "{KEYS}[[route]]\npath = '/jobs:purge'\ndeny = true\n[[route]]\npath = '/users/@me'\nauth = 'required'\n\
         [[route]]\npath = '/über/**'\ndeny = true\n[[route]]\npath = '/a b'\ndeny = true\n\
         [[route]]\npath = '/jobs/{{id}}:cancel'\ndeny = true"
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    for (path, expected) in [
        ("/jobs:purge", 404),
        ("/jobs%3Apurge", 404),
        ("/jobs%3apurge/", 404),
        ("/users/@me", 401),
        ("/users/%40me", 401),
        ("/\u{fc}ber/x", 404),
        ("/%C3%BCber/x", 404),
        ("/a%20b", 404),
        ("/jobs/7:cancel", 404),
        ("/jobs/7%3Acancel", 404),
        ("/index.php/jobs:purge", 404),
        ("/index.php/users/@me", 401),
    ] {
        assert_eq!(status(&gate.get(path)), expected, "{path}");
        assert_eq!(upstream.take(), "", "{path}");
    }
    for path in ["/jobs%3Apurged", "/users/%40you", "/a%2Bb", "/index.php", "/files/a.php.txt"] {
        assert_eq!(status(&gate.get(path)), 200, "{path}");
        assert!(upstream.take().starts_with(&format!("GET {path} ")), "{path} is forwarded as it came");
    }
}

#[test]
fn an_api_that_tells_spellings_apart_says_so() {
    let upstream = Recorder::plain();
    let policy = format!("{KEYS}[protocol]\npaths = 'exact'\n{ROUTES}");
    let gate = Running::start(&policy, &[upstream.url()]);
    for (path, expected) in [("/admin/x", 401), ("/Admin/x", 200), ("/admin%2Fx", 200), ("/users/ME", 401)] {
        assert_eq!(status(&gate.get(path)), expected, "{path}");
    }
}

#[test]
fn a_denied_route_is_shut_in_every_spelling() {
    let upstream = Recorder::plain();
    let gate = gate(&upstream);
    for path in ["/old", "/old/", "/OLD/x", "/old;a/x", "/old%2Fx", "/old./x"] {
        assert_eq!(status(&gate.ask("GET", path, &[ALICE], b"")), 404, "{path}");
    }
    assert_eq!(upstream.take(), "");
    assert!(
        gate.events.has(&["denied-route", "\"path\":\"/old;a/x\""]),
        "an event shows the path as it came"
    );
    assert!(gate.events.has(&["denied-route", "\"path\":\"/old%2Fx\""]));
    for path in ["/older", "/x/old", "/ol/d"] {
        assert_eq!(status(&gate.get(path)), 200, "{path}");
    }
}

#[test]
fn nothing_between_two_slashes_may_be_a_parameter() {
    let upstream = Recorder::plain();
    let policy = format!("{KEYS}[[route]]\npath = '/orders/{{id}}/lines'\nauth = 'required'");
    let gate = Running::start(&policy, &[upstream.url()]);
    assert_eq!(status(&gate.get("/orders/7/lines")), 401);
    assert_eq!(status(&gate.get("/orders//lines")), 401, "chi takes the id for an empty one");
    assert_eq!(status(&gate.get("/orders//7/lines")), 401);
    assert_eq!(upstream.take(), "");
    assert_eq!(status(&gate.get("//orders//of//7")), 200);
    assert!(upstream.take().starts_with("GET /orders//of//7 "));
}

#[test]
fn a_script_and_an_ending_leave_no_route() {
    let upstream = Recorder::plain();
    let policy = format!(
        "{KEYS}[[route]]\npath = '/admin.php'\ndeny = true\n[[route]]\npath = '/shop/index.php'\ndeny = true\n\
         [[route]]\npath = '/admin'\ndeny = true\n[[route]]\npath = '/files/{{name}}'\nbind = {{ 'path.name' = 'sub' }}"
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    for path in [
        "/admin.php",
        "/admin.php/x",
        "/admin.php%2Fx",
        "/admin%2ephp/x",
        "/admin.php/index.php/z",
        "/ADMIN.PHP;a/x",
        "/shop/index.php/x",
        "/admin.json",
        "/admin.xml/",
    ] {
        assert_eq!(status(&gate.get(path)), 404, "{path}");
        assert_eq!(upstream.take(), "", "{path}");
    }
    for path in ["/admins.php/x", "/index.php/x", "/admin.png", "/x/admin.json", "/admin.jsonl"] {
        assert_eq!(status(&gate.get(path)), 200, "{path}");
    }
    // A name is compared as it stands.
    assert_eq!(status(&gate.ask("GET", "/files/alice", &[ALICE], b"")), 200);
    assert_eq!(status(&gate.ask("GET", "/files/alice.json", &[ALICE], b"")), 404);
}

#[test]
fn a_login_is_one_in_every_spelling_and_by_every_method_with_a_body() {
    let upstream = Recorder::plain();
    // A login holds bodies of 8 KiB at most, and any other route here one of a MiB.
    for (method, path, expected) in [
        ("POST", "/login", 413),
        ("PUT", "/login", 413),
        ("DELETE", "/login", 413),
        ("POST", "/login.json", 413),
        ("POST", "/Login.php/", 413),
        ("POST", "/login.php/x", 413),
        ("POST", "/x/login.php%2Fx", 413),
        ("POST", "/token%20", 413),
        ("POST", "/x%2Flogin", 413),
        ("POST", "/api/v1/login", 413),
        ("POST", "/api/v1/token.json", 413),
        ("POST", "/loginx", 200),
        ("POST", "/api/v1/log", 200),
        ("POST", "/tokens", 200),
        ("POST", "/login/help", 200),
        ("PATCH", "/x/session", 200),
    ] {
        // Each by a gate of its own: logins that fail are counted.
        let answer = gate(&upstream).ask(method, path, &[("Content-Type", "text/plain")], &[b'a'; 9000]);
        assert_eq!(status(&answer), expected, "{method} {path}");
    }
    // A session is one of a user if its body says who that is.
    let filler = "x".repeat(9000);
    for (kind, start, expected) in [
        ("application/json", "{\"user\":{\"email\":\"a@b.example\",\"password\":\"x\"},\"more\":\"", 413),
        ("application/json", "{\"phone\":\"1\",\"code\":\"1234\",\"more\":\"", 413),
        ("application/json", "{\"title\":\"Yoga\",\"code\":\"Y1\",\"more\":\"", 200),
        ("application/x-www-form-urlencoded", "user[password]=x&more=", 413),
        ("application/x-www-form-urlencoded", "title=Yoga&more=", 200),
    ] {
        let end = if kind.ends_with("json") { "\"}" } else { "" };
        let body = format!("{start}{filler}{end}");
        for path in ["/api/sessions", "/Session.json"] {
            let answer = gate(&upstream).ask("POST", path, &[("Content-Type", kind)], body.as_bytes());
            assert_eq!(status(&answer), expected, "{path} {start}");
        }
    }
    let gate = gate(&upstream);
    for (method, path) in [("GET", "/login"), ("DELETE", "/sessions"), ("GET", "/api/login")] {
        assert_eq!(status(&gate.ask(method, path, &[], b"")), 200, "{method} {path}");
    }
}

#[test]
fn a_method_that_a_field_names_counts() {
    let upstream = Recorder::plain();
    let gate = gate(&upstream);
    let form = "application/x-www-form-urlencoded";
    let part = "--B\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nDELETE\r\n--B--\r\n";
    for (query, content_type, body, expected) in [
        ("?_method=DELETE", form, "a=1", 401),
        ("?_method=delete", form, "", 401),
        ("", form, "_method=DELETE", 401),
        ("", form, "a=1&_method=put&_method=delete", 401),
        ("", form, ".method=DELETE", 401),
        ("", form, "[_method]=DELETE", 401),
        ("", form, "_method%00=DELETE", 401),
        ("", form, "_method=A&_method=B&_method=C&_method=D&_method=GET&_method=DELETE", 401),
        ("", form, "_method[]=DELETE", 401),
        ("", "application/json", "{\"_method\":[\"DELETE\"]}", 401),
        ("", "multipart/form-data; boundary=B", part, 401),
        ("", "application/json", "{\"_method\":\"DELETE\"}", 401),
        ("", form, "_method=PUT", 200),
        ("", form, "method=DELETE", 200),
        ("?method=DELETE", "application/json", "{\"method\":\"DELETE\"}", 200),
        ("", "application/json", "{\"payment\":{\"_method\":\"DELETE\"}}", 200),
    ] {
        let target = format!("/carts/7{query}");
        let answer = gate.ask("POST", &target, &[("Content-Type", content_type)], body.as_bytes());
        assert_eq!(status(&answer), expected, "{target} {body}");
    }
    // A streamed body is not read for the field: only what asks for no more may stand beside it.
    let streamed = "[[route]]\npath = '/files/{id}'\nmethods = ['DELETE']\nlimits = ['1 per hour by ip']\n\
        [[route]]\npath = '/files/{id}'\nmethods = ['POST']\nbody = 'stream'";
    let streamed = Running::start(streamed, &[upstream.url()]);
    let text = [("Content-Type", "text/plain")];
    for (query, expected) in [("", 200), ("?_method=DELETE", 200), ("?_method=DELETE", 429), ("", 200)] {
        let answer = streamed.ask("POST", &format!("/files/7{query}"), &text, b"a");
        assert_eq!(status(&answer), expected, "{query}: {answer}");
    }
    let authorized = gate.ask("POST", "/carts/7?_method=DELETE", &[ALICE], b"");
    assert_eq!(status(&authorized), 200);
}

#[test]
fn what_is_written_is_what_was_looked_at() {
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"owner\":\"alice\"}",
    );
    let routes = "[[route]]\npath = '/docs/{name}'\nowner = '/owner'\ncheck_owner_before_write = true\n\
                  [[route]]\npath = '/shared/{name}/lock'\ncheck_owner_before_write = '/docs/{name}'";
    let gate = Running::start(&format!("{KEYS}{routes}"), &[upstream.url()]);
    for path in ["/docs/report", "/docs/report;x", "/docs/x%FF", "/docs/a%2Fb", "/Docs/report/"] {
        assert_eq!(status(&gate.ask("PUT", path, &[ALICE], b"")), 200, "{path}");
        let seen = upstream.take();
        assert!(
            seen.starts_with(&format!("GET {path} ")) && seen.contains(&format!("PUT {path} ")),
            "{seen}"
        );
    }
    for (path, expected) in
        [("/shared/report/lock", 200), ("/shared/report;x/lock", 404), ("/shared/x%FF/lock", 404)]
    {
        assert_eq!(status(&gate.ask("PUT", path, &[ALICE], b"")), expected, "{path}");
    }
}

#[test]
fn a_parameter_is_compared_in_every_reading() {
    let upstream = Recorder::plain();
    let keys = KEYS.replace("subject = 'alice'", "subject = 'bob/x'");
    let policy = format!("{keys}[[route]]\npath = '/users/{{id}}/**'\nbind = {{ 'path.id' = 'sub' }}");
    let gate = Running::start(&policy, &[upstream.url()]);
    assert_eq!(status(&gate.ask("GET", "/users/bob%2Fx/x", &[ALICE], b"")), 404);
    assert_eq!(upstream.take(), "");
}

const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: users, version: "1" }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } }
paths:
  /users/{id}: { get: { responses: { "200": { description: one } } } }
  /users/export: { get: { responses: { "200": { description: all } } } }
  /users/{id}/notes: { get: { responses: {} }, delete: { responses: {} } }
  /users/{id}/keys: { get: { security: [{ key: [] }], responses: {} } }
  /projects/{id}: { get: { parameters: [{ name: full, in: query, schema: { type: boolean } }], responses: {} } }
  /projects/{id}/{part}: { get: { parameters: [{ name: page, in: query, required: true, schema: { type: integer } }], responses: {} } }
  /teams/@me: { get: { security: [{ key: [] }], responses: {} } }
  /teams/{id}: { get: { responses: {} } }
  /reports: { get: { security: [{ key: [] }], responses: {} } }
"#;

fn documented(upstream: &Recorder, policy: &str, overlay: &str) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("api.yaml", DOCUMENT);
    write(
        "overlay.yaml",
        &format!("overlay: 1.0.0\ninfo: {{ title: shut, version: '1' }}\nactions: [{overlay}]\n"),
    );
    let file = directory.path().join("doorward.toml");
    let gateway = "[gateway]\nopenapi = 'api.yaml'\noverlay = ['overlay.yaml']\n";
    std::fs::write(&file, format!("{gateway}{KEYS}{policy}")).unwrap();
    (Running::from_file(&file, &[upstream.url()]), directory)
}

#[test]
fn an_operation_that_an_overlay_removes_stays_shut() {
    let upstream = Recorder::plain();
    let whole = "{ target: '$.paths[\"/users/export\"]', remove: true }";
    let one = "{ target: '$.paths[\"/users/export\"].get', remove: true }";
    for overlay in [whole, one] {
        let (gate, _directory) = documented(&upstream, "", overlay);
        for path in [
            "/users/export",
            "/users/Export",
            "/users/EXPORT",
            "/users/export.",
            "/users/export;a",
            "/users/export%2F",
            "/users/%2Fexport",
        ] {
            assert_eq!(status(&gate.get(path)), 404, "{path}");
            assert_eq!(status(&gate.ask("HEAD", path, &[], b"")), 404, "HEAD {path}");
        }
        assert_eq!(upstream.take(), "");
        for path in ["/users/7", "/users/exports", "/users/export/notes"] {
            assert_eq!(status(&gate.get(path)), 200, "{path}");
        }
        upstream.take();
    }
    let notes = "{ target: '$.paths[\"/users/{id}/notes\"].delete', remove: true }";
    let (gate, _directory) = documented(&upstream, "", notes);
    assert_eq!(status(&gate.ask("DELETE", "/users/7/notes", &[], b"")), 405);
    assert_eq!(status(&gate.get("/users/7/notes")), 200);
    assert_eq!(status(&gate.get("/users/export")), 200);
}

#[test]
fn what_is_undeclared_and_only_reported_keeps_what_its_operation_asks_for() {
    let upstream = Recorder::plain();
    let overlay = "{ target: '$.paths[\"/users/{id}/notes\"].delete', remove: true }";
    let (gate, _directory) = documented(&upstream, "[schema]\nundeclared = 'report'", overlay);
    for path in ["/reports", "/reports/", "/Reports", "/reports;a", "/reports."] {
        assert_eq!(status(&gate.get(path)), 401, "{path}");
        assert_eq!(status(&gate.ask("GET", path, &[ALICE], b"")), 200, "{path}");
    }
    assert_eq!(status(&gate.get("/elsewhere")), 200);
    assert_eq!(status(&gate.get("/users/bob/keys%2F")), 401);
    // What an overlay removed stays shut.
    for path in ["/users/7/notes", "/users/7/Notes", "/users/7/notes/", "/users/7%2Fnotes"] {
        assert!(status(&gate.ask("DELETE", path, &[ALICE], b"")) >= 404, "{path}");
    }
}

#[test]
fn a_credential_is_asked_for_by_every_reading() {
    let upstream = Recorder::plain();
    let overlay = "{ target: '$.paths[\"/users/{id}/notes\"].delete', remove: true }";
    let (gate, _directory) = documented(&upstream, "", overlay);
    for path in
        ["/users/bob%2Fkeys", "/users/bob%2Fkeys%2F", "/users/bob%2FKEYS", "/teams/@me", "/teams/%40me"]
    {
        assert_eq!(status(&gate.get(path)), 401, "{path}");
        assert_eq!(status(&gate.ask("GET", path, &[ALICE], b"")), 200, "{path}");
    }
    // What another reading of the path declares is not asked of the request.
    upstream.take();
    assert_eq!(status(&gate.get("/projects/group%2Fname?full=true")), 200);
    assert!(upstream.take().starts_with("GET /projects/group%2Fname?full=true "));
    for path in ["/teams/@ME", "/teams/@me.", "/teams/@me%20"] {
        assert_eq!(status(&gate.get(path)), 401, "{path}");
    }
    for path in ["/users/bob%2Fother", "/teams/%40you", "/teams/7"] {
        assert_eq!(status(&gate.get(path)), 200, "{path}");
    }
}

/// A login has a body of 8 KiB at most. What a path is called is no more than a hint.
#[test]
fn a_route_may_say_what_is_a_login() {
    let upstream = Recorder::plain();
    let policy = "[rate]\nlimits = []\n\
        [[route]]\npath = '/chat.Chat/Login'\nlogin = false\n\
        [[route]]\npath = '/chat.Chat/Session'\nlogin = false\n\
        [[route]]\npath = '/rooms/**'\nlogin = false\n\
        [[route]]\npath = '/enter'\nlogin = true\n";
    let gate = Running::start(policy, &[upstream.url()]);
    let long = format!("{{\"user\":\"a\",\"password\":\"{}\"}}", "x".repeat(9000));
    for (path, expected) in [
        ("/chat.Chat/Login", 200),
        ("/chat.chat/login/", 200),
        ("/chat.Chat/Session", 200),
        ("/chat.chat/session", 200),
        ("/rooms/7/login", 200),
        ("/enter", 413),
        ("/Enter/", 413),
        ("/chat.Other/Login", 413),
        ("/chat.Other/Session", 413),
        ("/other", 200),
    ] {
        let answer = gate.ask("POST", path, &[("Content-Type", "application/json")], long.as_bytes());
        assert_eq!(status(&answer), expected, "{path}");
        upstream.take();
    }
    let wrong = policy.replace("limits = []", "limits = []\nlogin_paths = ['/chat.chat/login']");
    let inputs = policy::Inputs { text: Some(wrong), ..policy::Inputs::default() };
    assert!(policy::load(&inputs).unwrap_err().lines().contains("login_paths"));
}

#[test]
fn escapes_that_were_not_needed_lead_past_no_route() {
    let upstream = Recorder::plain();
    let policy = "[[route]]\npath = '/public'\n[[route]]\npath = '/{page}'\ndeny = true\n[[route]]\npath = '/things/{id}'";
    for paths in ["", "[protocol]\npaths = 'exact'\n"] {
        let gate = Running::start(&format!("{paths}{policy}"), &[upstream.url()]);
        for (path, passes) in [
            ("/public", true),
            ("/other", false),
            // `/{page}` to a server that finds its route first.
            ("/%70ublic", false),
            ("/publi%63", false),
            ("/things/%61%7E", true),
        ] {
            let answer = gate.get(path);
            assert_eq!(status(&answer) == 200, passes, "{paths}{path}: {answer}");
            assert_eq!(upstream.take().contains(path), passes, "{paths}{path}");
        }
    }
}
