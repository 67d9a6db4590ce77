"""Half 2: directions in the latent spaces of generators: found, moved along, measured and named."""
