<?php
$state = unserialize(base64_decode($_COOKIE['state']));
