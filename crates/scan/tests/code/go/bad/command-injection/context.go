package api

func echo(w http.ResponseWriter, r *http.Request) {
	out, err := exec.CommandContext(r.Context(), "bash", "-c", fmt.Sprintf("echo %s", r.FormValue("text"))).Output()
	write(w, out, err)
}
