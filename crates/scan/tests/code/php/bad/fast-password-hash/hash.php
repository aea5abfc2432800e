<?php
$stored = hash('sha256', $salt . $_POST['password']);
