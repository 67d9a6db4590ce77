"""The front door of both halves: what a person names is opened, whichever of them made it."""
