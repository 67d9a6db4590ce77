"""Networks that somebody else trained, behind one interface."""
