@app.patch("/me")
def edit():
    data = request.json
    for key, value in data.items():
        if key not in EDITABLE:
            continue
        setattr(current_user, key, value)
    return "", 204
