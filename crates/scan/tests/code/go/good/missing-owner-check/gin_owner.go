package api

func order(c *gin.Context) {
	userID := c.GetUint("user_id")
	var order Order
	if err := db.Where("id = ? AND user_id = ?", c.Param("id"), userID).First(&order).Error; err != nil {
		c.Status(404)
		return
	}
	c.JSON(200, order)
}
