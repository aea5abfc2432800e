<?php
echo '<h1>Hello ' . $_GET['name'] . '</h1>';
