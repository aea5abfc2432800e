<?php
class PreviewController {
    public function show(Request $request) {
        $url = $request->input('url');
        if (!in_array(parse_url($url, PHP_URL_HOST), self::HOSTS, true)) {
            abort(400);
        }
        return Http::get($url)->body();
    }
}
