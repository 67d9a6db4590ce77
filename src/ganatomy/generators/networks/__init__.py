"""The networks themselves: one module a family."""
