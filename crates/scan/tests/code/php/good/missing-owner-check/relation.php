<?php
class OrderController {
    public function show(Request $request, $id) {
        return $request->user()->orders()->findOrFail($id);
    }
}
