//! Tokens and keys: verified into a principal
