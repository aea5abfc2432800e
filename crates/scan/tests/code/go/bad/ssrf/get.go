package api

func preview(c *gin.Context) {
	resp, err := http.Get(c.PostForm("url"))
	reply(c, resp, err)
}
