//! The exchange, the doors and the events: every decision Doorward makes
