<?php
// PHP: the router of its built-in server. Strings are bytes; each leaves as one character.

function bytes($value) {
    if (is_array($value) && $value !== [] && array_is_list($value)) {
        return array_map('bytes', $value);
    }
    if (is_array($value)) {
        $names = [];
        foreach ($value as $name => $item) {
            $names[bytes((string) $name)] = bytes($item);
        }
        return (object) $names;
    }
    if (is_object($value)) {
        return bytes((array) $value);
    }
    if (!is_string($value)) {
        return is_float($value) && !is_finite($value) ? (string) $value : $value;
    }
    return preg_replace_callback('/[\x80-\xff]/', fn($m) => chr(0xC0 | ord($m[0]) >> 6) . chr(0x80 | ord($m[0]) & 0x3F), $value);
}

$files = [];
foreach ($_FILES as $field => $file) {
    foreach ((array) $file['name'] as $key => $name) {
        $path = ((array) $file['tmp_name'])[$key] ?? '';
        $full = ((array) $file['full_path'])[$key] ?? '';
        $content = is_string($path) && $path !== '' ? file_get_contents($path) : '';
        $files[] = [bytes($field), bytes($name), bytes($content), bytes($full)];
    }
}
$raw = file_get_contents('php://input');
header('Content-Type: application/json');
header('X-Witness: php');
echo json_encode([
    'bytes' => true,
    'path' => bytes(rawurldecode(explode('?', $_SERVER['REQUEST_URI'], 2)[0])),
    'query' => bytes($_GET),
    'form' => bytes($_POST),
    'values' => bytes($_REQUEST),
    'files' => $files,
    'json' => bytes(json_decode($raw, true)),
    'cookies' => bytes($_COOKIE),
    'headers' => bytes(getallheaders()),
], JSON_PARTIAL_OUTPUT_ON_ERROR);
