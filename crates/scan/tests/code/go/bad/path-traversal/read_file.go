package api

func file(c *gin.Context) {
	data, err := os.ReadFile(filepath.Join("/srv/files", c.Param("name")))
	reply(c, data, err)
}
