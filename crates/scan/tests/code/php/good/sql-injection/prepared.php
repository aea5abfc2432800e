<?php
$search = $_GET['search'];
$statement = $pdo->prepare('SELECT id, name FROM users WHERE name LIKE ?');
$statement->execute(["%$search%"]);
$users = $statement->fetchAll();
