"""A network at work: what it is, and features from images."""
