from jinja2 import Template

@app.get("/greet")
def greet():
    return Template("Hi " + request.args.get("name")).render()
