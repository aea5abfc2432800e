<?php
setcookie('session', $token, ['expires' => time() + 900, 'httponly' => true, 'secure' => true, 'samesite' => 'Strict']);
