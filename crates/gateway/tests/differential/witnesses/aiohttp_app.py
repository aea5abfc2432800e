"""aiohttp with its own HTTP parser."""

import sys

from aiohttp import web
from common import loads, reading, text


async def echo(request):
    raw = b"" if request.content_type.startswith("multipart/") else await request.read()
    form, files = {}, []
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files.append([name, value.filename, text(value.file.read())])
        else:
            form.setdefault(text(name), []).append(text(value))
    query = {}
    for name, value in request.query.items():
        query.setdefault(name, []).append(value)
    headers = {}
    for name, value in request.headers.items():
        headers.setdefault(name, []).append(value)
    body = reading(
        path=request.path,
        query=query,
        form=form,
        files=files,
        json=loads(raw),
        cookies=dict(request.cookies),
        headers=headers,
    )
    return web.Response(body=body, content_type="application/json", headers={"X-Witness": "aiohttp"})


app = web.Application()
app.router.add_route("*", "/{path:.*}", echo)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
