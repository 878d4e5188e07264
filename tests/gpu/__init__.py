"""Needs a CUDA device; skipped elsewhere."""
