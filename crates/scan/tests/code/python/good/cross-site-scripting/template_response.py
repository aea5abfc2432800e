@app.get("/card", response_class=HTMLResponse)
async def card(request: Request, title: str):
    return templates.TemplateResponse(request, "card.html", {"title": title})
