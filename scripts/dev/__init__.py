"""Commands for those who work on Label Loop itself: `document`, `completion`, `test`."""
