package api

import (
	"html/template"
	"net/http"
)

var page = template.Must(template.ParseFiles("page.html"))

func show(w http.ResponseWriter, r *http.Request) {
	page.Execute(w, load(r))
}
