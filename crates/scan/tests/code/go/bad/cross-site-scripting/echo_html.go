package api

func hello(c echo.Context) error {
	return c.HTML(200, "<h1>"+c.QueryParam("name")+"</h1>")
}
