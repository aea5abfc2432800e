//! The full traffic of real servers and real clients: nginx, a Python API, gRPC, WebSocket, curl, a browser.

use std::process::Command;

use crate::servers::ports::free_port;
use crate::support::{Peer, Recorder, Running, output, script, status, until};

const PYTHON: &str = "/usr/bin/python3";

fn python_api() -> (Peer, String) {
    let port = free_port();
    let peer = Peer::start(Command::new(PYTHON).args([script("api.py"), port.to_string()]), port);
    (peer, format!("http://127.0.0.1:{port}"))
}

#[test]
fn a_python_api_passes_its_traffic() {
    let (_peer, api) = python_api();
    let policy =
        "[[route]]\npath = '/upload'\nbody = 'stream'\n[[route]]\npath = '/download'\nbody = 'stream'";
    let gate = Running::start(policy, &[api]);
    let (_, get) = output("curl", &["-sS", &gate.url("/things/7?q=O%27Brien")]);
    assert!(get.contains("\"path\": \"/things/7\""), "{get}");
    let (_, post) = output(
        "curl",
        &[
            "-sS",
            "-H",
            "Content-Type: application/json",
            "-d",
            "{\"name\":\"O'Brien\"}",
            &gate.url("/things"),
        ],
    );
    assert!(post.contains("\"length\": 18"), "{post}");
    let (_, large) = output(
        "curl",
        &["-sS", "-H", "Expect: 100-continue", "--data-binary", &"a".repeat(100_000), &gate.url("/things")],
    );
    assert!(large.contains("\"length\": 100000"), "{large}");
    let (_, socket) = output(PYTHON, &[&script("ws_client.py"), &gate.url("/ws")]);
    assert_eq!(socket, "echo one\necho two' OR '1'='1\n");
    let (_, events) =
        output("curl", &["-sSN", "-w", "%{time_starttransfer} %{time_total}", &gate.url("/events")]);
    assert!(events.starts_with("data: 0\n\ndata: 1\n\ndata: 2\n\n"), "{events}");
    let times: Vec<f64> =
        events.rsplit("\n\n").next().unwrap().split(' ').map(|t| t.parse().unwrap()).collect();
    assert!(times[0] < times[1] / 2.0, "the first event came before the last: {times:?}");
    let (_, download) =
        output("curl", &["-sS", "-o", "/dev/null", "-w", "%{size_download}", &gate.url("/download")]);
    assert_eq!(download, "65536000");
}

#[test]
fn two_hundred_megabytes_are_uploaded_on_a_streaming_route_only() {
    let (_peer, api) = python_api();
    let gate = Running::start("[[route]]\npath = '/upload'\nbody = 'stream'", &[api]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("large");
    std::fs::File::create(&file).unwrap().set_len(200_000_000).unwrap();
    let from = format!("@{}", file.display());
    let (_, answer) = output(
        "curl",
        &[
            "-sS",
            "-H",
            "Content-Type: application/octet-stream",
            "--data-binary",
            &from,
            &gate.url("/upload"),
        ],
    );
    assert!(answer.contains("\"bytes\": 200000000"), "{answer}");
    let (_, refused) = output(
        "curl",
        &["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", &from, &gate.url("/elsewhere")],
    );
    assert!(refused.contains("413"), "{refused}");
}

#[test]
fn an_attack_in_a_stream_ends_the_stream() {
    let upstream = Recorder::plain();
    let gate = Running::start("[[route]]\npath = '/upload'\nbody = 'stream'", &[upstream.url()]);
    let body = format!("{}\n<script>alert(1)</script>\n", "an ordinary line\n".repeat(10));
    let answer = gate.ask("POST", "/upload", &[("Content-Type", "text/plain")], body.as_bytes());
    assert_ne!(status(&answer), 200, "{answer}");
    assert!(
        gate.events.has(&["\"door\":\"injection\"", "\"rule\":\"html\"", "refused"]),
        "{:?}",
        gate.events.all()
    );
    assert!(!upstream.take().contains("<script>"));
}

#[test]
fn nginx_passes_its_traffic() {
    let port = free_port();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().display().to_string();
    std::fs::write(directory.path().join("file.txt"), "from nginx").unwrap();
    let config = format!(
        "daemon off; master_process off; pid {root}/pid; error_log {root}/err; worker_processes 1; events {{}} http {{ access_log off; \
         client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s; \
         server {{ listen 127.0.0.1:{port}; root {root}; location /echo {{ return 200 $request_method-$content_length; }} }} }}"
    );
    let file = directory.path().join("nginx.conf");
    std::fs::write(&file, config).unwrap();
    let _peer = Peer::start(
        Command::new("nginx").args(["-e", &format!("{root}/err"), "-c", &file.display().to_string()]),
        port,
    );
    let gate = Running::start("", &[format!("http://127.0.0.1:{port}")]);
    assert_eq!(output("curl", &["-sS", &gate.url("/file.txt")]).1, "from nginx");
    assert_eq!(output("curl", &["-sS", "-d", "a=b", &gate.url("/echo")]).1, "POST-3");
    let partial = output("curl", &["-sS", "-r", "5-", "-w", " %{http_code}", &gate.url("/file.txt")]).1;
    assert_eq!(partial, "nginx 206");
}

#[test]
fn grpc_passes_with_trailers_both_ways() {
    let port = free_port();
    let _peer = Peer::start(
        Command::new(PYTHON).args([script("grpc_echo.py"), "serve".into(), port.to_string()]),
        port,
    );
    let gate = Running::start("", &[format!("h2c://127.0.0.1:{port}")]);
    let (fine, answer) = output(PYTHON, &[&script("grpc_echo.py"), "call", &gate.address.port().to_string()]);
    assert!(fine, "{answer}");
    assert_eq!(answer, "echo hello\necho a\necho b\nUNIMPLEMENTED\n");
}

#[test]
fn http2_is_spoken_over_tls_to_curl_and_to_a_browser() {
    let (_peer, api) = python_api();
    let directory = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(directory.path().join("cert.pem"), certified.cert.pem()).unwrap();
    let key = directory.path().join("key.pem");
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, "[gateway.tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'").unwrap();
    let gate = Running::from_file(&file, &[api]);
    let url = format!("https://localhost:{}/page", gate.address.port());
    let certificate = directory.path().join("cert.pem").display().to_string();
    let (_, curl) =
        output("curl", &["-sS", "-i", "--cacert", &certificate, "-w", "version %{http_version}", &url]);
    assert!(curl.contains("served") && curl.ends_with("version 2"), "{curl}");
    assert!(curl.contains("strict-transport-security: max-age=63072000; includeSubDomains"), "{curl}");
    let (_, plain) = output(
        "curl",
        &["-sS", "--http1.1", "--cacert", &certificate, "-w", "version %{http_version}", &url],
    );
    assert!(plain.ends_with("version 1.1"), "{plain}");
    let profile = format!("--user-data-dir={}", directory.path().join("profile").display());
    let (_, page) = output(
        "chromium",
        &[
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--ignore-certificate-errors",
            &profile,
            "--dump-dom",
            &url,
        ],
    );
    assert!(page.contains("<p>served</p>"), "{page}");
    assert!(gate.events.has(&["\"type\":\"access\"", "/page"]));
}

#[test]
fn http2_by_prior_knowledge_is_judged_like_http1() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let ask = |path: &str| {
        output(
            "curl",
            &[
                "-sS",
                "--http2-prior-knowledge",
                "-o",
                "/dev/null",
                "-w",
                "%{http_version} %{http_code}",
                &gate.url(path),
            ],
        )
        .1
    };
    assert_eq!(ask("/"), "2 200");
    upstream.take();
    assert_eq!(ask("/?q=%27%20OR%20%271%27=%271"), "2 403");
    assert_eq!(ask("/a%5cb"), "2 400");
    assert_eq!(upstream.take(), "");
}

#[test]
fn proxy_protocol_gives_the_client_address() {
    let upstream = Recorder::plain();
    let policy = "[gateway]\nproxy_protocol = 'required'\ntrusted_proxies = ['127.0.0.0/8']";
    let gate = Running::start(policy, &[upstream.url()]);
    let request = "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n";
    let first = format!("PROXY TCP4 198.51.100.7 192.0.2.1 5000 80\r\n{request}");
    assert_eq!(status(&gate.raw(first.as_bytes())), 200);
    assert!(upstream.take().contains("x-forwarded-for: 198.51.100.7"));
    let mut second =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x08\xc0\0\x02\x01\x13\x88\0\x50".to_vec();
    second.extend_from_slice(request.as_bytes());
    assert_eq!(status(&gate.raw(&second)), 200);
    assert!(upstream.take().contains("x-forwarded-for: 198.51.100.8"));
    assert_eq!(gate.raw(request.as_bytes()), "", "without the header the connection is closed");
}

#[test]
fn a_stream_may_last_longer_than_a_head_may_take() {
    let (_peer, api) = python_api();
    let gate = Running::start("[gateway.timeouts]\nhead = '500ms'\nbody = '500ms'\ntotal = '1s'", &[api]);
    let (fine, events) = output("curl", &["-sSN", &gate.url("/events?count=15")]);
    assert!(fine && events.ends_with("data: 14\n\n"), "{events}");
}

#[test]
fn the_upstream_hears_the_host_that_the_client_named() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let host = format!("host: {}\r\n", gate.address);
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        output("curl", &["-sS", version, &gate.url("/")]);
        let seen = upstream.take();
        assert!(seen.contains(&host) && seen.contains(&format!("x-forwarded-{host}")), "{version}: {seen}");
    }
    let own = Running::start("[gateway]\npreserve_host = false", &[upstream.url()]);
    own.get("/");
    assert!(upstream.take().contains(&format!("host: {}\r\n", upstream.address)));
}

#[test]
fn an_answer_too_large_to_strip_leaves_whole_or_not_at_all() {
    let (_peer, api) = python_api();
    let directory = tempfile::tempdir().unwrap();
    let document = "openapi: 3.1.0\npaths: { /large: { get: { responses: { '200': { content: { application/json: { schema: { type: object, properties: { a: { type: string } } } } } } } } } }";
    std::fs::write(directory.path().join("api.yaml"), document).unwrap();
    let file = directory.path().join("doorward.toml");
    for (schema, expected, verdict) in
        [("", "502 122", "refused"), ("[schema]\nunreadable = 'report'\n", "200 20000012", "reported")]
    {
        std::fs::write(&file, format!("{schema}[gateway]\nopenapi = 'api.yaml'")).unwrap();
        let gate = Running::from_file(&file, std::slice::from_ref(&api));
        let (_, size) = output(
            "curl",
            &["-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", &gate.url("/large")],
        );
        assert_eq!(size, expected);
        assert!(gate.events.has(&["response-too-large", verdict, "max_decoded_body"]));
    }
}

#[test]
fn an_api_on_a_unix_socket_is_reached() {
    use std::io::{Read, Write};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("api.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let api = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut read = [0; 4096];
        let count = stream.read(&mut read).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom unix").unwrap();
        String::from_utf8_lossy(&read[..count]).into_owned()
    });
    let gate = Running::start("", &[format!("unix:{}", path.display())]);
    let answer = gate.get("/over/there");
    assert!(status(&answer) == 200 && answer.ends_with("from unix"), "{answer}");
    assert!(api.join().unwrap().starts_with("GET /over/there HTTP/1.1\r\n"));
}

#[test]
fn a_redirect_of_the_api_to_itself_leads_to_the_gate() {
    let upstream = Recorder::answering(|head| {
        let own = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        format!("HTTP/1.1 302 Found\r\nLocation: http://{own}/next?a=b\r\nContent-Length: 0\r\n\r\n")
            .into_bytes()
    });
    for (settings, host) in [
        ("preserve_host = false\nrewrite_location = true", "api.example".to_owned()),
        ("preserve_host = false", upstream.address.to_string()),
    ] {
        let gate = Running::start(&format!("[gateway]\n{settings}"), &[upstream.url()]);
        let answer = gate.get("/");
        assert!(answer.contains(&format!("location: http://{host}/next?a=b\r\n")), "{settings}: {answer}");
    }
}

#[test]
fn escapes_of_a_path_reach_the_api_as_they_came() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    for path in
        ["/a/%7Euser/%41", "/caf%c3%a9/%C3%A9", "/a%2fb", "/x%2Cy;v=%31?q=%7e", "/w//https://a.example//b/"]
    {
        assert_eq!(status(&gate.get(path)), 200, "{path}");
        assert!(upstream.take().starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{path}");
    }
}

#[test]
fn a_stream_of_grpc_in_which_nothing_comes_ends_as_unavailable() {
    let port = free_port();
    let _peer = Peer::start(
        Command::new(PYTHON).args([script("grpc_echo.py"), "serve".into(), port.to_string()]),
        port,
    );
    let gate = Running::start("[gateway.timeouts]\nidle = '700ms'", &[format!("h2c://127.0.0.1:{port}")]);
    let (fine, answer) = output(PYTHON, &[&script("grpc_echo.py"), "wait", &gate.address.port().to_string()]);
    assert!(fine, "{answer} {:?}", gate.events.all());
    let ended = "UNAVAILABLE nothing came for too long\n";
    assert_eq!(answer, format!("echo a\n{ended}echo b\n{ended}"), "{:?}", gate.events.all());
    until("both have their line", || {
        let is_cut = |line: &&String| {
            line.contains("/test.Echo/Silent") && line.contains("\"cut_off_by\":\"upstream\"")
        };
        gate.events.all().iter().filter(is_cut).count() == 2
    });
    assert!(!gate.events.has(&["\"verdict\":\"refused\""]), "{:?}", gate.events.all());
}
