@login_required
def document(request, pk):
    doc = get_object_or_404(Document, pk=pk, owner=request.user)
    return render(request, "document.html", {"doc": doc})
