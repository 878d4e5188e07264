"""Ranking: `registry` names the strategies, `schedule` says which one a project uses when, `queue` makes the queue.

Nothing is imported here: the web process needs `margin` alone, and not the seconds that scikit-learn takes to load.
"""
