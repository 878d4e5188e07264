"""What the stores keep, as dataclasses; how it is kept is theirs to know."""
