<?php
$host = $_POST['host'];
exec('ping -c 1 ' . escapeshellarg($host), $lines);
