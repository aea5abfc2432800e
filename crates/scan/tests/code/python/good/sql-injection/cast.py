@app.get("/page")
def page():
    offset = int(request.args.get("offset", 0))
    return jsonify(db.execute(f"SELECT * FROM posts LIMIT 20 OFFSET {offset}").fetchall())
