//! A deliberately vulnerable shop API and its hardened twin
