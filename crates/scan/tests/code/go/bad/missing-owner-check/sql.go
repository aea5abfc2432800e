package api

func note(w http.ResponseWriter, r *http.Request) {
	user := auth.UserFromContext(r.Context())
	if user == nil {
		w.WriteHeader(401)
		return
	}
	row := db.QueryRow("SELECT text FROM notes WHERE id = $1", r.PathValue("id"))
	write(w, row)
}
