@csrf_exempt
def transfer(request):
    return move(request.user, request.POST["to"])
