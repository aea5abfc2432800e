package api

func login(name, password string) {
	log.Printf("login %s %s", name, password)
}
