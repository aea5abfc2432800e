package api

func update(c *gin.Context) {
	var body updateRequest
	if err := c.ShouldBindJSON(&body); err != nil {
		c.Status(400)
		return
	}
	db.Model(currentUser(c)).Updates(map[string]any{"name": body.Name, "email": body.Email})
	c.Status(204)
}
