"""Stands in for label-studio-ml 2.x, which no registry has: the constructor, calls and routes that it has there."""
