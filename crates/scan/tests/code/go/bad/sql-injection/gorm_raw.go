package api

func items(c *gin.Context) {
	category := c.Query("category")
	var items []Item
	db.Raw("SELECT * FROM items WHERE category = '" + category + "'").Scan(&items)
	c.JSON(200, items)
}
