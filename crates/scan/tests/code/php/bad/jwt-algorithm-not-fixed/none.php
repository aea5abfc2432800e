<?php
$claims = JWT::decode($token, $key, ['none', 'HS256']);
