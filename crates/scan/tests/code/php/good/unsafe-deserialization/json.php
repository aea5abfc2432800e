<?php
$state = json_decode(base64_decode($_COOKIE['state']), true);
