from urllib.request import urlopen

def fetch(request):
    return JsonResponse({"size": len(urlopen(request.GET["u"]).read())})
