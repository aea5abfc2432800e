// Go's net/http. Strings are bytes; each leaves as one character.
package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"strings"
)

// A struct with tags, as handlers have it: encoding/json matches names without case.
type order struct {
	UserID any `json:"user_id"`
	Note   any `json:"note"`
	Query  any `json:"q"`
}

func characters(value any) any {
	switch v := value.(type) {
	case string:
		var out strings.Builder
		for i := 0; i < len(v); i++ {
			out.WriteRune(rune(v[i]))
		}
		return out.String()
	case map[string][]string:
		names := map[string]any{}
		for name, values := range v {
			names[characters(name).(string)] = characters(values)
		}
		return names
	case []string:
		list := []any{}
		for _, item := range v {
			list = append(list, characters(item))
		}
		return list
	case map[string]any:
		names := map[string]any{}
		for name, item := range v {
			names[characters(name).(string)] = characters(item)
		}
		return names
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, characters(item))
		}
		return list
	}
	return value
}

// Each text under the name of its element, each attribute under its own.
func texts(raw []byte) []any {
	found := []any{}
	open := []string{}
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := decoder.Token()
		switch t := token.(type) {
		case xml.CharData:
			if len(open) > 0 {
				found = append(found, map[string]any{open[len(open)-1]: characters(string(t))})
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.StartElement:
			open = append(open, t.Name.Local)
			for _, attribute := range t.Attr {
				found = append(found, map[string]any{attribute.Name.Local: characters(attribute.Value)})
			}
		}
		if err != nil {
			return found
		}
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Witness", "go")
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	err = r.ParseMultipartForm(1 << 20)
	files := []any{}
	form := map[string][]string(r.PostForm)
	if r.MultipartForm != nil {
		form = r.MultipartForm.Value
		for name, list := range r.MultipartForm.File {
			for _, header := range list {
				file, _ := header.Open()
				content, _ := io.ReadAll(file)
				files = append(files, []any{characters(name), characters(header.Filename), characters(string(content))})
			}
		}
	}
	var document, tagged any
	// The first value of the body, as `json.NewDecoder(r.Body).Decode` reads it.
	_ = json.NewDecoder(bytes.NewReader(raw)).Decode(&document)
	var known order
	if json.NewDecoder(bytes.NewReader(raw)).Decode(&known) == nil {
		tagged = map[string]any{"user_id": characters(known.UserID), "note": characters(known.Note), "q": characters(known.Query)}
	}
	cookies := map[string][]string{}
	for _, cookie := range r.Cookies() {
		cookies[cookie.Name] = append(cookies[cookie.Name], cookie.Value)
	}
	elements := []any{}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("<")) {
		elements = texts(raw)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"bytes":   true,
		"path":    characters(r.URL.Path),
		"query":   characters(map[string][]string(r.URL.Query())),
		"form":    characters(form),
		"values":  characters(map[string][]string(r.Form)),
		"files":   files,
		"json":    characters(document),
		"struct":  tagged,
		"xml":     elements,
		"cookies": characters(cookies),
		"headers": characters(map[string][]string(r.Header)),
		"trailers": characters(map[string][]string(r.Trailer)),
	})
}

func main() {
	http.HandleFunc("/", echo)
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
