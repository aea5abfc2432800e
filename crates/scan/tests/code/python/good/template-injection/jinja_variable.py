from jinja2 import Template

@app.get("/greet")
def greet():
    return jsonify(text=Template("Hi {{ name }}").render(name=request.args.get("name")))
