package api

func file(c *gin.Context) {
	data, err := os.ReadFile(filepath.Join("/srv/files", filepath.Base(c.Param("name"))))
	reply(c, data, err)
}
