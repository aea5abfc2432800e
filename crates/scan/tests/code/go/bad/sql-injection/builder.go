package api

func list(w http.ResponseWriter, r *http.Request) {
	var query strings.Builder
	query.WriteString("SELECT * FROM posts WHERE tag = '")
	query.WriteString(r.FormValue("tag"))
	query.WriteString("'")
	rows, err := db.QueryContext(r.Context(), query.String())
	write(w, rows, err)
}
