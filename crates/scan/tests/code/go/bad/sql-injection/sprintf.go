package api

func users(w http.ResponseWriter, r *http.Request) {
	search := r.URL.Query().Get("search")
	query := fmt.Sprintf("SELECT id, name FROM users WHERE name LIKE '%%%s%%'", search)
	rows, err := db.Query(query)
	write(w, rows, err)
}
