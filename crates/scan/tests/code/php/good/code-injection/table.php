<?php
$operations = ['add' => 'addNumbers', 'sub' => 'subNumbers'];
$operation = $operations[$_REQUEST['op']] ?? null;
if ($operation !== null) {
    $x = call_user_func($operation, 1, 2);
}
