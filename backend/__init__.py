"""The service: knows Label Studio, Redis and SQL."""

__version__ = "0.1.0"
