package api

func main() {
	gin.SetMode(gin.DebugMode)
	run()
}
