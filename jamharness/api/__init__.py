"""What plugin authors program against. It imports numpy and the standard library only."""

from jamharness.api.activations import ACTIVATIONS, Activation
from jamharness.api.arrays import Array, Float64, as_array
from jamharness.api.backend import DTYPES, Backend, Problem
from jamharness.api.blocked import BlockedProblem
from jamharness.api.capabilities import CAPABILITIES, derived, shortcomings, supports
from jamharness.api.cells import Cell, CellResult, Coordinates, FinishedCell
from jamharness.api.checked import CheckedBackend
from jamharness.api.checkpoints import Checkpoints
from jamharness.api.data import DataRequest, Patterns, check_patterns, named_data
from jamharness.api.derived import DerivedProblem
from jamharness.api.differentiator import Differentiator, Formula
from jamharness.api.errors import BackendError, BadInput, JamharnessError, NotSupported, PluginError, unknown_name
from jamharness.api.fallbacks import DampedStep
from jamharness.api.identity import Json, canonical_json, digest, generator
from jamharness.api.image_layers import EPSILON, ImageLayers, PlainLayers, image_layers
from jamharness.api.levels import Constraints, Objective, Predictor
from jamharness.api.loss import (
    LOSSES,
    CrossEntropy,
    Linear,
    Loss,
    MeanSquare,
    QuadraticHinge,
    SoftHinge,
    SquaredDistance,
    margin_problem,
)
from jamharness.api.models import Output, OwnModel
from jamharness.api.namespace import Data, Namespace
from jamharness.api.network import SCHEMES, Network
from jamharness.api.optimizers import Adam, Fire, Flow, Optimizer, Sgd, State
from jamharness.api.patterns import alternating, fair_signs, interleaved, normalised, parity
from jamharness.api.plots import Plot, Series, series_of
from jamharness.api.protocol import (
    ComparisonPoint,
    DynamicsPoint,
    Estimate,
    Findings,
    Observable,
    Outlook,
    Progress,
    Protocol,
    applicable,
    setting,
)
from jamharness.api.replicas import Replicas
from jamharness.api.specs import API_VERSION, BackendSpec, DatasetSpec, ProtocolSpec, SystemSpec, hookimpl
from jamharness.api.spherical import Spherical
from jamharness.api.stochastic import Langevin, Minibatch, batch_of
from jamharness.api.systems import Backbone, LocalSystem, PatternSystem, System, SystemChoice

__all__ = [
    "ACTIVATIONS",
    "API_VERSION",
    "CAPABILITIES",
    "DTYPES",
    "EPSILON",
    "LOSSES",
    "SCHEMES",
    "Activation",
    "Adam",
    "Array",
    "Backbone",
    "Backend",
    "BackendError",
    "BackendSpec",
    "BadInput",
    "BlockedProblem",
    "Cell",
    "CellResult",
    "CheckedBackend",
    "Checkpoints",
    "ComparisonPoint",
    "Constraints",
    "Coordinates",
    "CrossEntropy",
    "DampedStep",
    "Data",
    "DataRequest",
    "DatasetSpec",
    "DerivedProblem",
    "Differentiator",
    "DynamicsPoint",
    "Estimate",
    "Findings",
    "FinishedCell",
    "Fire",
    "Float64",
    "Flow",
    "Formula",
    "ImageLayers",
    "JamharnessError",
    "Json",
    "Langevin",
    "Linear",
    "LocalSystem",
    "Loss",
    "MeanSquare",
    "Minibatch",
    "Namespace",
    "Network",
    "NotSupported",
    "Objective",
    "Observable",
    "Optimizer",
    "Outlook",
    "Output",
    "OwnModel",
    "PatternSystem",
    "Patterns",
    "PlainLayers",
    "Plot",
    "PluginError",
    "Predictor",
    "Problem",
    "Progress",
    "Protocol",
    "ProtocolSpec",
    "QuadraticHinge",
    "Replicas",
    "Series",
    "Sgd",
    "SoftHinge",
    "Spherical",
    "SquaredDistance",
    "State",
    "System",
    "SystemChoice",
    "SystemSpec",
    "alternating",
    "applicable",
    "as_array",
    "batch_of",
    "canonical_json",
    "check_patterns",
    "derived",
    "digest",
    "fair_signs",
    "generator",
    "hookimpl",
    "image_layers",
    "interleaved",
    "margin_problem",
    "named_data",
    "normalised",
    "parity",
    "series_of",
    "setting",
    "shortcomings",
    "supports",
    "unknown_name",
]
