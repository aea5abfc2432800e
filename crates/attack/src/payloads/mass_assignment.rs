//! Fields that a client should not be able to set.

/// Privileges.
pub(crate) const PRIVILEGES: [(&str, &str); 2] = [("role", "admin"), ("is_admin", "true")];

/// Owners.
pub(crate) const OWNERS: [(&str, i64); 2] = [("user_id", 4242), ("owner_id", 4242)];

/// Amounts.
pub(crate) const PRICES: [(&str, i64); 3] = [("price", 0), ("total", 0), ("discount", 100)];

/// A value for a read-only field of an inner object that no object has by chance.
pub(crate) const INNER_VALUE: i64 = 424_242;
