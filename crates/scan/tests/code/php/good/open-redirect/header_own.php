<?php
header('Location: /home');
