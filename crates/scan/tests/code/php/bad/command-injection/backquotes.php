<?php
$file = $_GET['file'];
$out = `wc -l $file`;
