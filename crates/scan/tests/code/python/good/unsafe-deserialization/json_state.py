import base64, json

@app.route("/state")
def state():
    return jsonify(json.loads(base64.b64decode(request.cookies["state"])))
