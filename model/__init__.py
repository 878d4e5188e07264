"""Numbers and images; no service."""
