"""Honest figures: what the holdout's labels, each predicted by a head that never saw it, say of a project.

Each figure has an interval and the number of labels behind it, or says "not enough labels yet".
"""
