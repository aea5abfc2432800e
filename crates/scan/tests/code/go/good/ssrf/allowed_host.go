package api

func proxy(w http.ResponseWriter, r *http.Request) {
	target, err := url.Parse(r.FormValue("target"))
	if err != nil || !slices.Contains(allowedHosts, target.Hostname()) {
		http.Error(w, "host", 400)
		return
	}
	resp, err := http.Get(target.String())
	send(w, resp, err)
}
