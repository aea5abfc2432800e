@app.put("/profile")
def update_profile():
    for key, value in request.json.items():
        setattr(current_user, key, value)
    db.session.commit()
    return "", 204
