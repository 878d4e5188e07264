"""What the web process knows of the backend's surroundings, and what of it is wrong."""
