<?php
function register($name, $password) {
    save($name, md5($password));
}
