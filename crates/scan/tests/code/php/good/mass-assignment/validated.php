<?php
class UserController {
    public function store(StoreUserRequest $request) {
        return User::create($request->validated())->id;
    }
}
