<?php
$id = (int) $_GET['id'];
$row = $pdo->query("SELECT * FROM posts WHERE id = $id")->fetch();
