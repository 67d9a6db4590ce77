"""What the bytes of a checkpoint hold, read without running anything in them."""
