<?php
$page = file_get_contents('https://api.example.com/pages/' . urlencode($_GET['id']));
