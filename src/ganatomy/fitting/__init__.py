"""Half 1: fit GANs to point clouds, and compare objectives and optimizers over seeds."""
