"""Many hostile images, decoded one after the other: `python -m tests.hostile`."""
