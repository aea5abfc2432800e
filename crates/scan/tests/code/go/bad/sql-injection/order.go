package api

func products(c *gin.Context) {
	var list []Product
	db.Order(c.Query("sort")).Find(&list)
	c.JSON(200, list)
}
