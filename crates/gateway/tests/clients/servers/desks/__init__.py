"""An application of Django with one model."""
