<?php
function register($name, $password) {
    save($name, password_hash($password, PASSWORD_ARGON2ID));
}
