<?php
$client = new Client(['base_uri' => 'https://pay.example.com', 'verify' => '/etc/ssl/own-ca.pem']);
