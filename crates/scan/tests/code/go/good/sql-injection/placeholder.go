package api

func users(w http.ResponseWriter, r *http.Request) {
	search := r.URL.Query().Get("search")
	rows, err := db.Query("SELECT id, name FROM users WHERE name LIKE $1", "%"+search+"%")
	write(w, rows, err)
}
