package api

func create(w http.ResponseWriter, r *http.Request) {
	var body struct{ Name, Email string }
	json.NewDecoder(r.Body).Decode(&body)
	db.Create(&User{Name: body.Name, Email: body.Email})
	w.WriteHeader(201)
}
