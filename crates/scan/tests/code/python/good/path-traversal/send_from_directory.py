@app.route("/download")
def download():
    name = request.args["name"]
    return send_from_directory(UPLOADS, name)
