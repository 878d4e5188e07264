"""Labelling replayed on labelled data, through the loop's own stages: how many labels each strategy needs."""
