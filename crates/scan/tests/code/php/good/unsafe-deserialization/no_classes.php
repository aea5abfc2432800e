<?php
$state = unserialize($_COOKIE['state'], ['allowed_classes' => false]);
