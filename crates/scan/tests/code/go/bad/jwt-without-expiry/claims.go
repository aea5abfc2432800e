package api

func issue(user User) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": user.ID})
	return token.SignedString(key)
}
