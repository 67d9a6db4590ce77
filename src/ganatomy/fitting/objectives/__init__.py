"""Objectives: pairs of losses, the published ones and a user's own."""
