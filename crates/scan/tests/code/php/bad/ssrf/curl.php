<?php
$curl = curl_init($_POST['target']);
curl_exec($curl);
