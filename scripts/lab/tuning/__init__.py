"""`./scripts/tune`: a search for the best setting of a network's training."""
