import os, shlex

def lookup(request):
    host = shlex.quote(request.GET["host"])
    return JsonResponse({"out": os.popen("nslookup " + host).read()})
