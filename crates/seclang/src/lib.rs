//! The ModSecurity rule language: parsed into typed directives
