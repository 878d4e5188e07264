"""The soak: people label without a pause while everything around the loop breaks, and what became of it is counted."""
