"""Whether we keep what we promise: many projects simulated, one module per kind of promise.

A kind of promise is a module with `PROMISES` and `run(source, seed)`, named in `scripts.lab.trust.options`.
"""
