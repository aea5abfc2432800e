class OrderView(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request, pk):
        order = Order.objects.get(pk=pk)
        return Response(OrderSerializer(order).data)
