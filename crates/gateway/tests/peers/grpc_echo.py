"""A gRPC echo, unary and both ways streaming, without generated code: `serve PORT`, and clients of it."""
import os
import sys
import threading
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/test.Echo/Unary":
            return grpc.unary_unary_rpc_method_handler(lambda request, _: b"echo " + request)
        if details.method == "/test.Echo/Stream":
            return grpc.stream_stream_rpc_method_handler(lambda requests, _: (b"echo " + r for r in requests))
        if details.method == "/test.Echo/Silent":
            return grpc.stream_stream_rpc_method_handler(silent)
        return None


def silent(requests, context):
    """One answer, and nothing any more until the caller leaves."""
    yield b"echo " + next(requests)
    left = threading.Event()
    context.add_callback(left.set)
    left.wait(60)


def serve(port):
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Echo()])
    server.add_insecure_port("127.0.0.1:%s" % port)
    server.start()
    server.wait_for_termination()


def call(port):
    with grpc.insecure_channel("127.0.0.1:%s" % port) as channel:
        print(channel.unary_unary("/test.Echo/Unary")(b"hello", timeout=10).decode())
        for answer in channel.stream_stream("/test.Echo/Stream")(iter([b"a", b"b"]), timeout=10):
            print(answer.decode())
        try:
            channel.unary_unary("/test.Echo/Missing")(b"", timeout=10)
        except grpc.RpcError as error:
            print(error.code().name)


def code(port):
    """How a call ends."""
    with grpc.insecure_channel("127.0.0.1:%s" % port) as channel:
        try:
            channel.unary_unary("/test.Echo/Unary")(b"hello", timeout=10)
            print("OK")
        except grpc.RpcError as error:
            print(error.code().name)


def wait(port):
    """How streams end in which nothing comes: with the caller's side closed, and open."""
    def open_for_long():
        yield b"b"
        threading.Event().wait(60)

    with grpc.insecure_channel("127.0.0.1:%s" % port) as channel:
        for requests in (iter([b"a"]), open_for_long()):
            try:
                for answer in channel.stream_stream("/test.Echo/Silent")(requests, timeout=30):
                    print(answer.decode())
            except grpc.RpcError as error:
                print(error.code().name, error.details().split(",")[0])
    sys.stdout.flush()
    os._exit(0)


{"serve": serve, "call": call, "code": code, "wait": wait}[sys.argv[1]](sys.argv[2])
