package api

func preview(c *gin.Context) {
	resp, err := http.Get("https://api.example.com/pages/" + url.PathEscape(c.PostForm("id")))
	reply(c, resp, err)
}
