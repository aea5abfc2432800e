<?php
class PreviewController {
    public function show(Request $request) {
        return Http::get($request->input('url'))->body();
    }
}
