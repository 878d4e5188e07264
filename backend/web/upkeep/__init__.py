"""What the web process does besides answering: threads that find, deliver and clear away."""
