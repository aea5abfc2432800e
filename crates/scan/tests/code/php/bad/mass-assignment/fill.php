<?php
class ProfileController {
    public function update(Request $request) {
        $user = $request->user();
        $user->fill($request->all());
        $user->save();
    }
}
