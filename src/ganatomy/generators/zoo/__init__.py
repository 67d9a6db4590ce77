"""Published generators by name: cards, sources, downloads and the cache."""
