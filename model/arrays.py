"""Names for the array types that signatures use."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
"""Any floating dtype; docstrings give shape, dtype and range."""

IntArray = npt.NDArray[np.integer]
"""Any integer dtype."""

BoolArray = npt.NDArray[np.bool_]
"""A mask."""
