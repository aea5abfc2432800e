@app.route("/users")
def users():
    search = request.args.get("search", "")
    query = f"SELECT id, name FROM users WHERE name LIKE '%{search}%'"
    return jsonify(db.execute(query).fetchall())
