<?php
$page = $_GET['page'];
if (in_array($page, ['home', 'about'], true)) {
    include 'pages/' . $page . '.php';
}
