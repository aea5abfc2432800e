<?php
function issue($user) {
    return JWT::encode(['sub' => $user->id], getenv('JWT_KEY'), 'HS256');
}
