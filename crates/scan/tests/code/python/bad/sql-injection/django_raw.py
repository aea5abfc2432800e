def search(request):
    q = request.GET.get("q")
    people = Person.objects.raw("SELECT * FROM person WHERE last_name = '" + q + "'")
    return render(request, "people.html", {"people": people})
