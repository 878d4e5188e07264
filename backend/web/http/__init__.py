"""How a request comes in: whole, within limits, and from whom it may."""
