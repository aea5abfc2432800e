package api

func login(c *gin.Context) {
	c.SetSameSite(http.SameSiteStrictMode)
	c.SetCookie("session", newSession(), 900, "/", "", true, true)
}
