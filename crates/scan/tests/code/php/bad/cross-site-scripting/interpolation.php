<?php
$q = $_REQUEST['q'];
print "<p>Results for $q</p>";
