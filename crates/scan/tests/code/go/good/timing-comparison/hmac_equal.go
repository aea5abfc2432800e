package api

func hook(w http.ResponseWriter, r *http.Request) {
	signature := r.Header.Get("X-Signature")
	if !hmac.Equal([]byte(signature), []byte(expectedMAC(r))) {
		w.WriteHeader(401)
	}
}
