"""Certified auto-labelling from the command line: `./scripts/autolabel`. It talks to the backend only, over HTTP."""
