<?php
$search = $_GET['search'];
$rows = $pdo->query("SELECT id, name FROM users WHERE name LIKE '%$search%'");
$users = $rows->fetchAll();
