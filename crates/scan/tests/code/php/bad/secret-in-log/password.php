<?php
error_log("login $name with $password");
