"""Which backbone a project is worked on with, its change, and the export of the one that the settings name."""
