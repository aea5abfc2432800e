package api

func note(w http.ResponseWriter, r *http.Request) {
	user := auth.UserFromContext(r.Context())
	if user == nil {
		w.WriteHeader(401)
		return
	}
	row := db.QueryRow("SELECT text FROM notes WHERE id = $1 AND owner_id = $2", r.PathValue("id"), user.ID)
	write(w, row)
}
