<?php
class OrderController {
    public function show(Request $request, $id) {
        $user = $request->user();
        Log::info('order asked by ' . $user->name);
        return Order::findOrFail($id);
    }
}
