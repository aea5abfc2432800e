package api

func posts(w http.ResponseWriter, r *http.Request) {
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		return
	}
	rows, err := db.Query(fmt.Sprintf("SELECT * FROM posts LIMIT 20 OFFSET %d", page*20))
	write(w, rows, err)
}
