"""Learns from features: fits, calibrates and measures heads."""
