<?php
$claims = JWT::decode($token, new Key($public, 'EdDSA'));
