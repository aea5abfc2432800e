//! Values of a label, of which there are not more than so many: each is a time series that somebody stores.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::RwLock;

/// The values of a label so far.
#[derive(Default)]
pub(crate) struct Bounded(RwLock<HashSet<Arc<str>>>);

impl Bounded {
    /// The most values of one label; any more count as `other`.
    const MOST: usize = 500;

    /// The value that a name counts as.
    pub(crate) fn label(&self, name: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.0.read().get(name) {
            return Arc::clone(known);
        }
        let mut known = self.0.write();
        if known.len() >= Self::MOST && !known.contains(name) {
            return "other".into();
        }
        known.insert(Arc::clone(name));
        Arc::clone(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_counts_as_other() {
        let bounded = Bounded::default();
        for n in 0..Bounded::MOST {
            let name = n.to_string().into();
            assert_eq!(bounded.label(&name), name);
        }
        assert_eq!(&*bounded.label(&"one more".into()), "other");
        assert_eq!(&*bounded.label(&"7".into()), "7");
    }
}
