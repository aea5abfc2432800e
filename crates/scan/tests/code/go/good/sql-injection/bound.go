package api

func byEmail(db *sql.DB, email string) *sql.Row {
	return db.QueryRow("SELECT id FROM users WHERE email = $1", email)
}
