package api

func update(c *gin.Context) {
	var user models.User
	if err := c.ShouldBindJSON(&user); err != nil {
		c.Status(400)
		return
	}
	db.Save(&user)
	c.Status(204)
}
