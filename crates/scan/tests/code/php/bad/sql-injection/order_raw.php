<?php
class ProductController {
    public function index(Request $request) {
        return Product::query()->orderByRaw($request->input('sort'))->get();
    }
}
