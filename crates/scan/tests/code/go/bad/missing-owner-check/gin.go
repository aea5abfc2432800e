package api

func order(c *gin.Context) {
	userID := c.GetUint("user_id")
	log.Println("order asked by", userID)
	var order Order
	if err := db.First(&order, c.Param("id")).Error; err != nil {
		c.Status(404)
		return
	}
	c.JSON(200, order)
}
