package api

const apiKey = "Zq8vN3xT6mK1wR9pLb4YcJ7d"
