@app.post("/report")
def report():
    body = request.get_json()
    where = "status = '" + body["status"] + "'"
    sql = "SELECT * FROM orders WHERE " + where
    sql += " LIMIT 50"
    rows = get_db().execute(sql)
    return jsonify([dict(r) for r in rows])
