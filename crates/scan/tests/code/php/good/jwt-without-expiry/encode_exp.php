<?php
function issue($user) {
    return JWT::encode(['sub' => $user->id, 'exp' => time() + 900], getenv('JWT_KEY'), 'HS256');
}
