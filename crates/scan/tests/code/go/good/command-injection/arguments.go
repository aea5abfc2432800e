package api

func ping(w http.ResponseWriter, r *http.Request) {
	out, err := exec.Command("ping", "-c", "1", r.FormValue("host")).Output()
	write(w, out, err)
}
