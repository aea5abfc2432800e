<?php
$url = $_GET['url'];
$page = file_get_contents($url);
