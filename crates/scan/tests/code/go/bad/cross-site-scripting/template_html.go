package api

func bio(user User) template.HTML {
	return template.HTML("<p>" + user.Bio + "</p>")
}
