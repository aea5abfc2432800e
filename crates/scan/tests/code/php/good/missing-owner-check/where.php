<?php
class OrderController {
    public function show(Request $request, $id) {
        return Order::where('user_id', $request->user()->id)->findOrFail($id);
    }
}
