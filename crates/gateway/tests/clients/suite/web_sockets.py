"""websockets, and websocket-client without a User-Agent, with an https upstream (hypercorn) that offers HTTP/2."""

import json
import os
import ssl
import sys

import hypercorn  # the server, which is started by its name
import websocket
import websockets.exceptions
from websockets.sync.client import connect

from lab import Server, action, free_port
from lab.certificate import certificate
from lab.paths import SERVERS


def start(stage):
    port = free_port()
    cert, key = certificate(stage, ["127.0.0.1", "localhost"])
    stage.start(
        *(sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "--certfile", cert, "--keyfile", key),
        *("--websocket-ping-interval", "5", "sockets:application"),
        port=port,
        env={"PYTHONPATH": str(SERVERS)},
    )
    # The one setting: whose certificate the upstream has.
    settings = {"gateway": {"upstream_tls": {"ca": str(cert)}}}
    return Server(url=f"https://127.0.0.1:{port}", certificate=cert, settings=settings)


def socket(run, path, **options):
    context = ssl.create_default_context(cafile=run.server.certificate) if run.scheme == "https" else None
    return connect(
        f"{run.url.replace('http', 'ws', 1)}{path}", ssl=context, max_size=64 << 20, open_timeout=20, **options
    )


def echo(connection, message):
    connection.send(message)
    return connection.recv(timeout=30)


@action
def what_the_gate_speaks_to_the_upstream(run):
    """HTTP/2 by ALPN, for a request without an upgrade."""
    text = run.command("curl", "-sk", f"{run.url}/x")
    return json.loads(text)["version"]


@action
def echo_texts(run):
    with socket(run, "/echo") as connection:
        return [echo(connection, text) for text in ("one", "O'Brien -- 1=1", "", "é😀" * 500, '{"a":[1,2,{"b":null}]}')]


@action
def echo_bytes_and_large_messages(run):
    with socket(run, "/echo") as connection:
        data = os.urandom(3 << 20)
        return echo(connection, data) == data, len(echo(connection, "text " * 200_000))


@action
def compression_and_subprotocols(run):
    with socket(run, "/echo", compression="deflate", subprotocols=["chat.v1", "chat.v2"]) as connection:
        return connection.subprotocol, echo(connection, "word " * 100)


@action
def pings(run):
    with socket(run, "/echo") as connection:
        return [connection.ping().wait(10) for _ in range(3)]


@action
def a_close_with_a_reason(run):
    with socket(run, "/count") as connection:
        heard = []
        try:
            while True:
                heard.append(connection.recv(timeout=20))
        except websockets.exceptions.ConnectionClosed as closed:
            return len(heard), closed.rcvd.code, closed.rcvd.reason


@action
def a_close_of_the_client(run):
    connection = socket(run, "/echo")
    echo(connection, "x")
    connection.close(4100, "done")
    return connection.close_code, connection.close_reason


@action
def a_refused_handshake(run):
    try:
        socket(run, "/closed")
    except websockets.exceptions.InvalidStatus as error:
        return error.response.status_code
    return "accepted"


@action
def twenty_at_once(run):
    connections = [socket(run, "/echo") for _ in range(20)]
    for number, connection in enumerate(connections):
        connection.send(str(number))
    heard = [connection.recv(timeout=20) for connection in connections]
    for connection in connections:
        connection.close()
    return heard


@action
def a_client_without_a_name(run):
    """websocket-client sends no User-Agent."""
    connection = websocket.create_connection(
        f"{run.url.replace('http', 'ws', 1)}/echo", timeout=20, sslopt={"ca_certs": str(run.server.certificate)}
    )
    connection.send("hello")
    heard = connection.recv()
    connection.close()
    return heard
