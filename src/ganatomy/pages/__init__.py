"""Pages to hand on: one HTML file each, which needs no server, no network and nothing beside it."""
