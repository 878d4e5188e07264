"""Tests on a real Label Studio, Redis or database."""
