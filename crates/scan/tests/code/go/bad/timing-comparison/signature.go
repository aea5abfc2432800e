package api

func hook(w http.ResponseWriter, r *http.Request) {
	signature := r.Header.Get("X-Signature")
	if signature != expectedMAC(r) {
		w.WriteHeader(401)
	}
}
