package api

func store(name, password string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), 12)
	save(name, hash)
	return err
}
