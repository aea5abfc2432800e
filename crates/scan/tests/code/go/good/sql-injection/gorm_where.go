package api

func items(c *gin.Context) {
	category := c.Query("category")
	var items []Item
	db.Where("category = ?", category).Find(&items)
	c.JSON(200, items)
}
