FIELDS = ("name", "email", "bio")

@app.put("/profile")
def update_profile():
    data = request.json
    for field in FIELDS:
        if field in data:
            setattr(current_user, field, data[field])
    db.session.commit()
    return "", 204
