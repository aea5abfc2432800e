<?php
setcookie('session', $token, time() + 900);
