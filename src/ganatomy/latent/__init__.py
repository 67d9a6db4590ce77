"""Find directions in a generator's latent space, move codes along them, and measure what that does."""
