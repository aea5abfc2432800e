import subprocess

@app.post("/convert")
def convert():
    name = request.form["name"]
    subprocess.run(f"convert {name} out.png", shell=True, check=True)
    return "done"
