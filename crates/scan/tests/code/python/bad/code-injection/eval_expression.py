@app.get("/calc")
def calc(expr: str):
    return {"result": eval(expr)}
