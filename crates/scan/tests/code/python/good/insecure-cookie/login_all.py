@app.post("/login")
def login():
    response = make_response("ok")
    response.set_cookie("session", new_session(), httponly=True, secure=True, samesite="Strict", max_age=900)
    return response
