<?php
class ItemController {
    public function index(Request $request) {
        $category = $request->input('category');
        return DB::select('SELECT * FROM items WHERE category = ?', [$category]);
    }
}
