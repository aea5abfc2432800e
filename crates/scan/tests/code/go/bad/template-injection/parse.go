package api

import (
	"html/template"
	"net/http"
)

func greet(w http.ResponseWriter, r *http.Request) {
	t, err := template.New("greet").Parse("Hello " + r.FormValue("name"))
	run(w, t, err)
}
