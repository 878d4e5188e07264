"""What a ranking strategy may look at."""

from dataclasses import dataclass

from model.arrays import FloatArray
from model.checks import check_features, check_probabilities
from model.errors import InputError


@dataclass(frozen=True, eq=False)
class Pool:
    """All of a project's images that have a feature, labelled ones and the random arm's included.

    Labelled images stay in, so that an order which covers the data doesn't begin anew with each label; whoever builds
    the queue leaves them out. Rows come in ascending task id: a strategy may depend on their order.

    Attributes:
        features: (n, d), any floating dtype, straight from the backbone.
        clusters: how many images the cold start spreads out before it takes a second of any cluster, >= 1.
        seed: of whatever the strategy draws.
        probabilities: (n, k), or None before there is a head.
    """

    features: FloatArray
    clusters: int
    seed: int
    probabilities: FloatArray | None = None

    def __post_init__(self) -> None:
        check_features(self.features)
        if self.clusters < 1:
            raise InputError(f"The number of clusters must be at least 1, got {self.clusters}.")
        if self.probabilities is not None:
            check_probabilities(self.probabilities)
            if len(self.probabilities) != len(self.features):
                raise InputError(
                    f"{len(self.features)} features don't go with {len(self.probabilities)} probabilities."
                )
