<?php
$sql = sprintf("DELETE FROM sessions WHERE token = '%s'", $_COOKIE['token']);
$pdo->exec($sql);
