import ast

@app.get("/calc")
def calc(expr: str):
    return {"result": ast.literal_eval(expr)}
