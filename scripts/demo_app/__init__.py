"""The command `./scripts/demo`: everything on one machine, with a project and a simulated annotator."""
