import os

def lookup(request):
    host = request.GET["host"]
    return JsonResponse({"out": os.popen("nslookup " + host).read()})
