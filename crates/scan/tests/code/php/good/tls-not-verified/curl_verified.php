<?php
$curl = curl_init('https://pay.example.com/charge');
curl_setopt($curl, CURLOPT_SSL_VERIFYPEER, true);
