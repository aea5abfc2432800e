@app.template_filter("badge")
def badge(user):
    return Markup("<span class='badge'>new</span>")
