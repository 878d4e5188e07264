"""Which strategy a project ranks with, and when it changes."""

LEAST, MOST = 10, 100
"""Bounds of the cold start's labels: below, chance decides; above, margin finds more (see `coldstart_labels`)."""


def coldstart_labels(classes_in_config: int) -> int:
    """Labels taken in the cold start's order, and clusters that it forms: two a class, 10 at least and 100 at most.

    Returns:
        In [10, 100].
    """
    return min(MOST, max(LEAST, 2 * classes_in_config))


def strategy_for(labels: int, classes_in_config: int, classes_seen: int) -> str:
    """Name of the strategy to rank with: the cold start for `coldstart_labels`, then margin.

    Args:
        labels: labelled tasks of the project, the random arm's included.
        classes_in_config: choices of the label config.
        classes_seen: classes that have at least one label.

    Returns:
        A name in `model.rank.registry.STRATEGIES`. Always the cold start while fewer than two classes were seen.

    Source: simulated loops on frozen EfficientNet-Lite0 features with a tenth of random arm; accuracy in per cent on
    the images never labelled. scikit-learn's digits (drawn at 64 × 64, bicubic; 20 clusters), rounds of 2, 5 seeds, at
    50 and 100 labels; Caltech-101 (100 clusters), rounds of 5, 2 seeds, at 100 and 300 labels:

        margin from two classes on             79.0, 87.7      65.2, 83.1
        cold start for 50 labels               75.4, 85.4      67.9, 83.5
        cold start for 20 (digits), 100        78.8, 88.1      73.2, 84.4
        cold start for 200                     -               73.2, 85.7
        cold start only                        -               73.2, 81.9
        random order (digits: 3 seeds)         74.0, 81.3      55.0, 75.0

    Seeds differ by a point or two: what lies that close is a tie. There are as many clusters as the cold start takes
    labels, since at 20 labels on digits 20 clusters gave 66.6, 50 gave 62.1 and 100 gave 59.5.
    """
    if classes_seen < 2 or labels < coldstart_labels(classes_in_config):
        return "coldstart"
    return "margin"
