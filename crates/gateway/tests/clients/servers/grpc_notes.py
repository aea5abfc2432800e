"""A gRPC service in all four kinds, without generated code: `grpc_notes.py PORT`. Its messages are one field, a text."""

import sys
import time
from concurrent import futures

import grpc


def get(request, context):
    fields = dict(context.invocation_metadata())
    if "trace" in fields:
        context.send_initial_metadata([("trace-seen", fields["trace"]), ("data-bin", fields.get("data-bin", b""))])
        context.set_trailing_metadata([("cost", "3"), ("left-bin", b"\x00\xff")])
    return request


def fail(_, context):
    context.set_trailing_metadata([("reason-bin", b"\x01\x02"), ("retry", "no")])
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "it's closed; 50 % – “später”")


def slow(request, context):
    for _ in range(100):
        if not context.is_active():
            break
        time.sleep(0.05)
    return request


def join(requests, _):
    return max(requests, key=len)


def repeat(request, context):
    for _ in range(5):
        yield request
    if b"break" in request:
        context.abort(grpc.StatusCode.DATA_LOSS, "after five")


def talk(requests, _):
    yield from requests


KINDS = {
    "Get": grpc.unary_unary_rpc_method_handler(get),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Slow": grpc.unary_unary_rpc_method_handler(slow),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Repeat": grpc.unary_stream_rpc_method_handler(repeat),
    "Talk": grpc.stream_stream_rpc_method_handler(talk),
}


class Notes(grpc.GenericRpcHandler):
    def service(self, details):
        return KINDS.get(details.method.removeprefix("/notes.Notes/"))


server = grpc.server(
    futures.ThreadPoolExecutor(8), handlers=[Notes()], options=[("grpc.max_receive_message_length", 64 << 20)]
)
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
server.wait_for_termination()
