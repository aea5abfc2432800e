//! Cuts of byte strings that clamp where slicing would panic: positions come from outside.

/// The first items, at most `count`.
pub fn head<T>(items: &[T], count: usize) -> &[T] {
    items.get(..count).unwrap_or(items)
}

/// The items from `at` on; empty beyond the end.
pub fn tail<T>(items: &[T], at: usize) -> &[T] {
    items.get(at..).unwrap_or_default()
}

/// Cuts in two; beyond the end, the second part is empty.
pub fn cut<T>(items: &[T], at: usize) -> (&[T], &[T]) {
    items.split_at_checked(at).unwrap_or((items, &[]))
}
