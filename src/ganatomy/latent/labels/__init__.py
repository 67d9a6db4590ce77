"""What directions mean, measured: the rule, its cards, and edits that keep other things as they are."""
