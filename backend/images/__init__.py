"""From a task's address to its bytes, and to its stored feature."""
