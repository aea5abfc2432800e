@app.get("/card", response_class=HTMLResponse)
async def card(title: str):
    return HTMLResponse(f"<div>{title}</div>")
