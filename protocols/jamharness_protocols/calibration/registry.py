"""All calibrations by name."""

from collections.abc import Mapping

from jamharness_protocols.calibration.dynamics import EQUATIONS, GLASS, QUADRATIC
from jamharness_protocols.calibration.exponents import NEGATIVE, SYNTHETIC
from jamharness_protocols.calibration.flows import ARC_COSINE, DIAGONAL, FLOW
from jamharness_protocols.calibration.identities import IDENTITIES, LANCZOS, TREES
from jamharness_protocols.calibration.least_squares import CUSP
from jamharness_protocols.calibration.packings import ELLIPSES, SPHERES
from jamharness_protocols.calibration.perceptrons import COVER, GARDNER, LINEAR
from jamharness_protocols.calibration.rows import Calibration

CALIBRATIONS: Mapping[str, Calibration] = {
    each.name: each
    for each in (
        COVER,
        GARDNER,
        LINEAR,
        SPHERES,
        ELLIPSES,
        NEGATIVE,
        SYNTHETIC,
        IDENTITIES,
        LANCZOS,
        TREES,
        CUSP,
        QUADRATIC,
        EQUATIONS,
        GLASS,
        DIAGONAL,
        ARC_COSINE,
        FLOW,
    )
}
