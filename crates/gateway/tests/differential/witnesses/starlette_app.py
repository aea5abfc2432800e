"""Starlette and python-multipart behind uvicorn with httptools."""

import sys

import uvicorn
from common import loads, reading, text
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route


def lists(multi):
    names = {}
    for name, value in multi.multi_items():
        names.setdefault(text(name), []).append(text(value))
    return names


async def echo(request):
    raw = await request.body()
    form, files = {}, []
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            files.append([name, value.filename, text(await value.read())])
        else:
            form.setdefault(text(name), []).append(text(value))
    body = reading(
        path=request.url.path,
        decoded_path=request.path_params["path"],
        query=lists(request.query_params),
        form=form,
        files=files,
        json=loads(raw),
        cookies=request.cookies,
        headers=dict(request.headers.items()),
    )
    return Response(body, media_type="application/json", headers={"X-Witness": "starlette"})


methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
app = Starlette(routes=[Route("/{path:path}", echo, methods=methods)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), http="httptools", log_level="critical")
