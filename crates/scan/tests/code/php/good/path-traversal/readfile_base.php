<?php
readfile('/srv/files/' . basename($_GET['name']));
