@app.template_filter("bio")
def bio(user):
    return Markup("<p>" + user.bio + "</p>")
