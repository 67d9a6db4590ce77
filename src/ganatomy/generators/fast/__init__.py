"""The same pictures in less time: folded forms of the networks, for inference only."""
