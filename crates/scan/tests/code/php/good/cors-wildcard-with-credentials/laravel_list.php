<?php
return [
    'paths' => ['api/*'],
    'allowed_origins' => ['https://app.example.com'],
    'supports_credentials' => true,
];
