@app.post("/login")
def login():
    user = users.find_one({"email": str(request.get_json()["email"])})
    return jsonify(ok=bool(user))
