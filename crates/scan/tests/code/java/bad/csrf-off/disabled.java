class Security {
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
        return http.csrf(csrf -> csrf.disable()).formLogin(withDefaults()).build();
    }
}
