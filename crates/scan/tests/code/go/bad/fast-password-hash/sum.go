package api

func store(name, password string) {
	sum := sha256.Sum256([]byte(password))
	save(name, sum[:])
}
