"""Launchers at the top; the commands that they start in the folders."""
