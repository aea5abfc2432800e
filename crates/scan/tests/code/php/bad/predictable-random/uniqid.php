<?php
$token = md5(uniqid());
saveResetToken($user, $token);
