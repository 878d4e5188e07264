"""How fast the product is: one module per benchmark, each with one public `run(...)`; `python -m` runs them."""
