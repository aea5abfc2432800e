<?php
class OrderController {
    public function show(Request $request, $id) {
        $order = Order::findOrFail($id);
        $this->authorize('view', $order);
        return [$order, $request->user()->name];
    }
}
