"""What a study's records say: intervals, verdicts and claims, as keys and numbers."""
