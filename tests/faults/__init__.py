"""Real processes that die at the worst moment, and what is left of the loop's promises."""
