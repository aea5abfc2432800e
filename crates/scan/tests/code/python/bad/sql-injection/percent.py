def by_email(cursor, email):
    cursor.execute("SELECT * FROM users WHERE email = '%s'" % email)
    return cursor.fetchone()
