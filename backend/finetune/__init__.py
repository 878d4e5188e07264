"""Fine-tuning: trains a project's own backbone, and compares it with the one in use."""
