<?php
function byEmail($link, $email) {
    $statement = mysqli_prepare($link, 'SELECT * FROM users WHERE email = ?');
    mysqli_stmt_bind_param($statement, 's', $email);
    return mysqli_stmt_execute($statement);
}
