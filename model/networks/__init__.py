"""Networks in PyTorch: `registry` builds any of them by its name, `saved` keeps one of our own.

Nothing is imported here, so that who needs one family waits for no other's library.
"""
