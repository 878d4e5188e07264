"""Ranking: `registry` names the strategies, `auto` chooses one, `ranking` runs it, `queue` makes the queue.

Nothing is imported here: the web process needs `margin` alone, and not the seconds that scikit-learn takes to load.
"""
