"""Tornado with its own HTTP server."""

import logging
import sys
import asyncio

from common import loads, reading, text
from tornado.web import Application, RequestHandler


def names(arguments):
    return {text(name): [text(v) for v in values] for name, values in arguments.items()}


class Echo(RequestHandler):
    def echo(self, path):
        request = self.request
        self.set_header("X-Witness", "tornado")
        self.set_header("Content-Type", "application/json")
        self.write(
            reading(
                path=path,
                query=names(request.query_arguments),
                form=names(request.body_arguments),
                values=names(request.arguments),
                files=[[text(n), text(f.filename), f.body] for n, fs in request.files.items() for f in fs],
                json=loads(request.body),
                cookies={name: morsel.value for name, morsel in request.cookies.items()},
                headers=dict(request.headers.items()),
            )
        )

    get = post = put = patch = delete = echo


async def main():
    logging.disable(logging.CRITICAL)
    Application([(r"/(.*)", Echo)]).listen(int(sys.argv[1]), address="127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
