package api

func store(name, password string) {
	h := sha1.New()
	h.Write([]byte(password))
	save(name, h.Sum(nil))
}
