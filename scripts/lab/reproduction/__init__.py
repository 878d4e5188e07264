"""`./scripts/reproduce`: figures that people published for image classification, and ours beside them."""
