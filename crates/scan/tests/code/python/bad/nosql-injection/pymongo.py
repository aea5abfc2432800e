@app.post("/login")
def login():
    user = users.find_one(request.get_json())
    return jsonify(ok=bool(user))
