package api

func bio(w http.ResponseWriter, user User) {
	pages.ExecuteTemplate(w, "bio.html", user)
}
