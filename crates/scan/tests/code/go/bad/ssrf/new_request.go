package api

func proxy(w http.ResponseWriter, r *http.Request) {
	target := r.FormValue("target")
	req, err := http.NewRequest("GET", target, nil)
	send(w, req, err)
}
