package api

func login(name, password string) {
	log.Printf("login of %s", name)
}
