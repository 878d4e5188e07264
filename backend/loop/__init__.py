"""A run: one pass along the line for one project, a module a stage."""
