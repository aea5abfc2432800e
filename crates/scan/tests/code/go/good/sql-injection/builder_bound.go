package api

func list(w http.ResponseWriter, r *http.Request) {
	var query strings.Builder
	query.WriteString("SELECT * FROM posts")
	query.WriteString(" WHERE tag = $1")
	rows, err := db.QueryContext(r.Context(), query.String(), r.FormValue("tag"))
	write(w, rows, err)
}
