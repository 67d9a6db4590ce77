"""Train GANs on point clouds, and measure how good they are."""
