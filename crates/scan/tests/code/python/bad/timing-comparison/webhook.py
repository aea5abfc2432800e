import hmac

@app.post("/webhook")
def webhook():
    expected = hmac.new(KEY, request.data, "sha256").hexdigest()
    signature = request.headers["X-Hub-Signature"]
    if signature == expected:
        process(request.json)
    return "ok"
