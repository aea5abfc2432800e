package api

import "math/rand"

func pickServer(list []string) string {
	return list[rand.Intn(len(list))]
}
