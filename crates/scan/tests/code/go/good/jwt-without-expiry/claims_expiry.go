package api

func issue(user User) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": user.ID, "exp": time.Now().Add(15 * time.Minute).Unix()})
	return token.SignedString(key)
}
