<?php
class ProfileController {
    public function update(Request $request) {
        $user = $request->user();
        $user->fill($request->only(['name', 'email']));
        $user->save();
    }
}
