<?php
$expected = hash_hmac('sha256', file_get_contents('php://input'), $secret);
$signature = $_SERVER['HTTP_X_SIGNATURE'];
if (hash_equals($expected, $signature)) {
    accept();
}
