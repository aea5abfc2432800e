<?php
function byEmail($link, $email) {
    $sql = "SELECT * FROM users WHERE email = '" . $email . "'";
    return mysqli_query($link, $sql);
}
