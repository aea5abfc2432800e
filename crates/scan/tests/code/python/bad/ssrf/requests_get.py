import requests

@app.post("/preview")
def preview():
    url = request.json["url"]
    page = requests.get(url, timeout=5)
    return {"title": title_of(page.text)}
