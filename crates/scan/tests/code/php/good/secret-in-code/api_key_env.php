<?php
$apiKey = getenv('API_KEY');
