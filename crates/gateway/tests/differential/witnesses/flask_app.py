"""Flask and Werkzeug behind waitress."""

import sys

from common import loads, reading, xml
from flask import Flask, Response, request
from waitress import serve

app = Flask(__name__)


@app.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@app.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def echo(path):
    raw = request.get_data(cache=True)
    body = reading(
        path=path,
        query=request.args.to_dict(flat=False),
        form=request.form.to_dict(flat=False),
        values=request.values.to_dict(flat=False),
        files=[[name, f.filename, f.read()] for name, f in request.files.items(multi=True)],
        json=request.get_json(force=True, silent=True),
        anyjson=loads(raw),
        xml=xml(raw),
        cookies=request.cookies.to_dict(flat=False),
        headers=dict(request.headers.items()),
    )
    return Response(body, content_type="application/json", headers={"X-Witness": "flask"})


serve(app, listen=f"127.0.0.1:{sys.argv[1]}", threads=4, _quiet=True)
