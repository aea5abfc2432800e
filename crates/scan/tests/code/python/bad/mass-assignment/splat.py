@app.post("/users")
def create_user():
    user = User(**request.get_json())
    db.session.add(user)
    db.session.commit()
    return "", 201
