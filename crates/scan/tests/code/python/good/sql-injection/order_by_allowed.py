SORTABLE = {"name", "price"}

@app.get("/products")
def products():
    sort = request.args["sort"]
    if sort not in SORTABLE:
        abort(400)
    return jsonify(db.session.execute(text("SELECT * FROM products ORDER BY " + sort)).all())
