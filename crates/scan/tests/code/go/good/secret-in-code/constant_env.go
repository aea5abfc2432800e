package api

var apiKey = os.Getenv("API_KEY")
