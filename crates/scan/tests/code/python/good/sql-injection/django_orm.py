def search(request):
    q = request.GET.get("q")
    people = Person.objects.filter(last_name=q)
    return render(request, "people.html", {"people": people})
