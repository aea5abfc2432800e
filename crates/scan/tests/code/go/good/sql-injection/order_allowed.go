package api

var sortable = map[string]bool{"name": true, "price": true}

func products(c *gin.Context) {
	sort := c.Query("sort")
	if !sortable[sort] {
		c.Status(400)
		return
	}
	var list []Product
	db.Order(sort).Find(&list)
	c.JSON(200, list)
}
