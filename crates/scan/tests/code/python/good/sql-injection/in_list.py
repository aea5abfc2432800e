def load(cursor, ids):
    marks = ", ".join("?" * len(ids))
    cursor.execute(f"SELECT * FROM orders WHERE id IN ({marks})", ids)
    return cursor.fetchall()
