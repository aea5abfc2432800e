@app.route("/users")
def users():
    search = request.args.get("search", "")
    query = "SELECT id, name FROM users WHERE name LIKE ?"
    return jsonify(db.execute(query, (f"%{search}%",)).fetchall())
