//! Doorward as a tower layer
