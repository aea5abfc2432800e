<?php
readfile('/srv/files/' . $_GET['name']);
