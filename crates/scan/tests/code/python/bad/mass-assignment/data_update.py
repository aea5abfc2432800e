@login_required
def edit(request):
    Account.objects.filter(user=request.user).update(**request.POST.dict())
    return HttpResponse(status=204)
