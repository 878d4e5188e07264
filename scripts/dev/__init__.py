"""Commands for those who work on Label Loop itself: `./scripts/document`, `./scripts/completion`."""
