"""Ranking: `registry` names the strategies, `auto` says which one a project uses when, `ranking` runs it, `queue`
makes the queue.

Nothing is imported here: the web process needs `margin` alone, and not the seconds that scikit-learn takes to load.
"""
