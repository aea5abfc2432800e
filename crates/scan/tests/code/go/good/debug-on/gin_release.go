package api

func main() {
	gin.SetMode(gin.ReleaseMode)
	run()
}
