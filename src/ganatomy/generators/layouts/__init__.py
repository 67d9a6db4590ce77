"""How other projects name and arrange the weights of these families."""
