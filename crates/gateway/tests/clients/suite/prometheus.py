"""promtool with Prometheus: queries by GET and POST, labels that look like paths, the gate's metrics."""

import json
import urllib.error
import urllib.parse
import urllib.request

from lab import Server, action, free_port, wait_until

COMMANDS = ["prometheus", "promtool", "curl"]
QUERIES = [
    "up",
    'rate(http_requests_total{job="api",code=~"5..|4.."}[5m]) > 0.5 or vector(1)',
    'sum by (path) (disk_free{path="/var/lib"}) / 1024 ^ 3',
    'node_file{path="/home/ann/notes.txt"}',
    'label_replace(up, "host", "$1", "instance", "([^:]+):.*")',
    "histogram_quantile(0.99, sum(rate(latency_bucket[5m])) by (le))",
    'absent(up{job="it\'s"}) == 1 # a comment',
    'topk(3, {__name__=~".+"} offset 1m) unless on(job) up{instance!="127.0.0.1:9090"}',
    'count({__name__!=""})',
]


def start(stage):
    port = free_port()
    (stage.dir / "prometheus.yml").write_text(f"""
global: {{ scrape_interval: 1s }}
scrape_configs:
  - job_name: api
    static_configs: [{{ targets: ["127.0.0.1:{port}"], labels: {{ path: "/var/lib/data" }} }}]
""")
    stage.start(
        *("prometheus", f"--config.file={stage.dir}/prometheus.yml", f"--storage.tsdb.path={stage.dir}/data"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--web.enable-admin-api", "--log.level=error"),
        port=port,
    )
    wait_until(lambda: has_samples(port), "the first sample")
    return Server(url=f"http://127.0.0.1:{port}")


def has_samples(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query=up") as answer:
            return bool(json.load(answer)["data"]["result"])
    except urllib.error.HTTPError:
        return False


def ask(run, path, method="GET", **fields):
    """The labels of what is found; values are of the moment."""
    data = urllib.parse.urlencode(fields, doseq=True)
    url = f"{run.url}{path}" + ("" if method == "POST" else f"?{data}")
    request = urllib.request.Request(url, data.encode() if method == "POST" else None, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def queried(run, method):
    found = []
    for query in QUERIES:
        answer = ask(run, "/api/v1/query", method, query=query)
        found.append((query, answer["status"], answer["data"]["resultType"]))
    return found


@action
def queries_by_GET(run):
    return queried(run, "GET")


@action
def queries_by_POST(run):
    return queried(run, "POST")


@action
def ranges_and_labels(run):
    answer = ask(
        run,
        "/api/v1/query_range",
        query="up",
        start="2026-01-01T00:00:00Z",
        end="2026-01-01T01:00:00.5+00:00",
        step="1m",
    )
    selectors = {"match[]": ['up{path=~"/var/.*"}', 'up{job="api"}']}
    series = ask(run, "/api/v1/series", "POST", **selectors)
    return (
        answer["status"],
        series["data"],
        ask(run, "/api/v1/label/path/values")["data"],
        ask(run, "/api/v1/labels", **selectors)["data"],
    )


@action
def promtool_queries(run):
    run.command("promtool", "query", "instant", run.url, "sum(up{path='/var/lib/data'})")
    run.command(
        "promtool", "query", "range", "--start=1767225600", "--end=1767229200", "--step=60s", run.url, QUERIES[1]
    )
    return (
        run.command("promtool", "query", "series", "--match=up", run.url),
        run.command("promtool", "query", "labels", run.url, "path"),
        run.command("promtool", "query", "instant", run.url, "vector(1) == bool 1").split(" ")[0],
    )


@action
def metrics_of_the_gate(run):
    """promtool finds nothing wrong with what the gate tells of itself; bare, there is no gate."""
    if run.gate:
        with urllib.request.urlopen(f"http://{run.gate.admin}/metrics", timeout=20) as answer:
            text = answer.read().decode()
        assert "doorward_requests_total" in text
        return run.command("promtool", "check", "metrics", input=text)
    return ""


@action
def health(run):
    return [run.command("curl", "-sS", "--fail", f"{run.url}/-/{what}") for what in ("healthy", "ready")]


@action
def federation(run):
    query = urllib.parse.urlencode({"match[]": ['{job="api"}', "up"]}, doseq=True)
    with urllib.request.urlopen(f"{run.url}/federate?{query}", timeout=20) as answer:
        return sorted({line.split("{")[0] for line in answer.read().decode().splitlines() if line.startswith("up")})


@action
def delete_series(run):
    query = urllib.parse.urlencode({"match[]": 'up{job="none"}'})
    return run.command(
        "curl",
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-X",
        "POST",
        f"{run.url}/api/v1/admin/tsdb/delete_series?{query}",
    )


@action(refused="path")
def a_label_with_a_file_of_the_system(run):
    return ask(run, "/api/v1/query", query='node_file{path="/etc/passwd"}')["data"]
