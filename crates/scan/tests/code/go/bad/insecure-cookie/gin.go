package api

func login(c *gin.Context) {
	c.SetCookie("session", newSession(), 900, "/", "", false, true)
}
