import base64, pickle

@app.route("/state")
def state():
    return jsonify(pickle.loads(base64.b64decode(request.cookies["state"])))
