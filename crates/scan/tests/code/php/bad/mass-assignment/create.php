<?php
class UserController {
    public function store(Request $request) {
        return User::create($request->all())->id;
    }
}
