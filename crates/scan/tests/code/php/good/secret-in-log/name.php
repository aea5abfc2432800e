<?php
error_log("login of $name");
