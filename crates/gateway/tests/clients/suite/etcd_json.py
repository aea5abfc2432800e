"""The JSON gateway of etcd with curl, and with a client that sends no User-Agent."""

import base64
import http.client
import json

from lab import Server, action
from suite.etcd import start_etcd

COMMANDS = ["etcd", "curl"]


def start(stage):
    return Server(url=f"http://127.0.0.1:{start_etcd(stage)}")


def post(run, path, **body):
    return json.loads(run.command("curl", "-s", "--fail-with-body", f"{run.url}{path}", "-d", json.dumps(body)))


def coded(text):
    return base64.b64encode(text.encode()).decode()


@action
def json_put_and_range(run):
    post(run, "/v3/kv/put", key=coded("json/1"), value=coded("from JSON; it's 1=1"))
    found = post(run, "/v3/kv/range", key=coded("json/"), range_end=coded("json0"))
    return [(item["key"], item["value"]) for item in found["kvs"]]


@action(refused="no-user-agent")
def json_without_a_user_agent(run):
    connection = http.client.HTTPConnection(run.host, timeout=20)
    connection.request(
        "POST", "/v3/kv/range", json.dumps({"key": coded("json/1")}), {"Content-Type": "application/json"}
    )
    return json.loads(connection.getresponse().read())["count"]


@action
def json_watch(run):
    """A stream of lines of JSON; the first says that the watch has begun."""
    connection = http.client.HTTPConnection(run.host, timeout=20)
    headers = {"Content-Type": "application/json", "User-Agent": "watcher/1.0"}
    connection.request("POST", "/v3/watch", json.dumps({"create_request": {"key": coded("json/2")}}), headers)
    answer = connection.getresponse()
    begun = json.loads(answer.readline())["result"]["created"]
    post(run, "/v3/kv/put", key=coded("json/2"), value=coded("seen"))
    heard = json.loads(answer.readline())["result"]["events"][0]["kv"]["value"]
    connection.close()
    return begun, base64.b64decode(heard).decode()
