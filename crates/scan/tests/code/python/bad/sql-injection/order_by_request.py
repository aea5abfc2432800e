@app.get("/products")
def products():
    sort = request.args["sort"]
    return jsonify(db.session.execute(text("SELECT * FROM products ORDER BY " + sort)).all())
