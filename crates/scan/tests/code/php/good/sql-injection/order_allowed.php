<?php
class ProductController {
    public function index(Request $request) {
        $sort = $request->input('sort');
        if (!in_array($sort, ['name', 'price'], true)) {
            abort(400);
        }
        return Product::query()->orderByRaw($sort)->get();
    }
}
