"""A gRPC echo, unary and both ways streaming, without generated code. `serve PORT` or `call PORT`."""
import sys
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/test.Echo/Unary":
            return grpc.unary_unary_rpc_method_handler(lambda request, _: b"echo " + request)
        if details.method == "/test.Echo/Stream":
            return grpc.stream_stream_rpc_method_handler(lambda requests, _: (b"echo " + r for r in requests))
        return None


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


{"serve": serve, "call": call}[sys.argv[1]](sys.argv[2])
