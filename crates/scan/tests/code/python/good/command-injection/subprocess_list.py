import subprocess

@app.post("/convert")
def convert():
    name = secure_filename(request.form["name"])
    subprocess.run(["convert", name, "out.png"], check=True)
    return "done"
