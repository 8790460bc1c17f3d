"""What this distribution offers; importing it costs nothing."""

from collections.abc import Iterable

from jamharness.api import ProtocolSpec, SystemSpec, hookimpl

_SHARED = {
    "minimisation": "jamharness_protocols.common.minimisation:measure",
    "approach": "jamharness_protocols.common.jammed:measure",
}
_PROOFS = {
    "minimisation": "jamharness_proof.claims:minimisation",
    "approach": "jamharness_proof.claims:approach",
}


@hookimpl
def jamharness_protocols() -> Iterable[ProtocolSpec]:
    """The built-in protocols."""
    return [
        ProtocolSpec(
            name="jamming",
            factory="jamharness_protocols.jamming.protocol:Jamming",
            tasks=_SHARED,
            proofs=_PROOFS,
            summary="where the transition lies, how wide it is and how far N_Δ jumps",
        ),
        ProtocolSpec(
            name="spectrum",
            factory="jamharness_protocols.spectrum.protocol:Spectrum",
            tasks={**_SHARED, "spectrum": "jamharness_protocols.spectrum.task:measure"},
            proofs={**_PROOFS, "spectrum": "jamharness_proof.claims:spectrum"},
            summary="eigenvalues of H, H0 and Hp below, at and beyond the transition",
        ),
        ProtocolSpec(
            name="margins",
            factory="jamharness_protocols.margins.protocol:Margins",
            tasks={**_SHARED, "margins": "jamharness_protocols.margins.task:measure"},
            proofs={**_PROOFS, "margins": "jamharness_proof.claims:margins"},
            summary="the distribution of margins at the transition: the exponents θ and γ",
        ),
        ProtocolSpec(
            name="avalanches",
            factory="jamharness_protocols.avalanches.protocol:Avalanches",
            tasks={"avalanches": "jamharness_protocols.avalanches.task:measure"},
            summary="how the set of unsatisfied patterns changes along training",
        ),
        ProtocolSpec(
            name="quasistatic",
            factory="jamharness_protocols.quasistatic.protocol:Quasistatic",
            tasks={
                "approach": _SHARED["approach"],
                "quasistatic": "jamharness_protocols.quasistatic.task:measure",
            },
            proofs={"approach": _PROOFS["approach"]},
            summary="avalanches under quasistatic driving of κ, or of patterns one by one, from jamming on",
        ),
        ProtocolSpec(
            name="ageing",
            factory="jamharness_protocols.ageing.protocol:Ageing",
            tasks={"ageing": "jamharness_protocols.ageing.task:measure"},
            summary="how far networks and glasses move in a time t, and how that depends on their age",
        ),
        ProtocolSpec(
            name="generalisation",
            factory="jamharness_protocols.generalisation.protocol:Generalisation",
            tasks={
                "minimisation": _SHARED["minimisation"],
                "generalisation": "jamharness_protocols.generalisation.task:measure",
                "trajectory": "jamharness_protocols.generalisation.trajectory:measure",
                "effective": "jamharness_protocols.generalisation.effective:measure",
            },
            proofs={"minimisation": _PROOFS["minimisation"]},
            summary="the test error against N: its cusp at N*, its fall beyond, what ensembles are worth",
        ),
        ProtocolSpec(
            name="regimes",
            factory="jamharness_protocols.regimes.protocol:Regimes",
            tasks={
                "regimes": "jamharness_protocols.regimes.task:measure",
                "regimes_together": "jamharness_protocols.regimes.task:measure_together",
                "lazy_limit": "jamharness_protocols.regimes.task:measure_limit",
            },
            proofs={
                "regimes": "jamharness_proof.flows:regimes",
                "regimes_together": "jamharness_proof.flows:together",
                "lazy_limit": "jamharness_proof.flows:lazy_limit",
            },
            summary="lazy and feature learning over the (h, α) plane, with the crossover and the jamming line",
        ),
        ProtocolSpec(
            name="scaling",
            factory="jamharness_protocols.scaling.protocol:Scaling",
            tasks={"minimisation": _SHARED["minimisation"]},
            proofs={"minimisation": _PROOFS["minimisation"]},
            summary="how N* grows with P, with random labels on the same inputs beside it",
        ),
        ProtocolSpec(
            name="advise",
            factory="jamharness_protocols.advise.protocol:Advise",
            tasks={
                "census": "jamharness_protocols.advise.census:measure",
                "minimisation": _SHARED["minimisation"],
                "generalisation": "jamharness_protocols.generalisation.task:measure",
            },
            proofs={"minimisation": _PROOFS["minimisation"]},
            summary="what to train for a data set, foretold from a tenth of it; see: jamharness advise",
        ),
        ProtocolSpec(
            name="calibration",
            factory="jamharness_protocols.calibration.protocol:CalibrationProtocol",
            tasks={"calibration": "jamharness_protocols.calibration.task:measure"},
            summary="the instrument on problems whose answer is known; see: jamharness calibrate",
        ),
    ]


@hookimpl
def jamharness_systems() -> Iterable[SystemSpec]:
    """The built-in systems."""
    return [
        SystemSpec(
            name="fully_connected",
            factory="jamharness.api.network:Network",
            summary="a fully connected network with one output (arXiv 1809.09349)",
        ),
        SystemSpec(
            name="parametrised",
            factory="jamharness_systems.parametrised:ParametrisedNetwork",
            summary="a fully connected network in a named parametrisation (arXiv 1906.08034)",
        ),
        SystemSpec(
            name="spherical",
            factory="jamharness.api.spherical:Spherical",
            summary="a fully connected network at fixed |w|: set constraint=sphere or constraint=layers",
        ),
        SystemSpec(
            name="perceptron",
            factory="jamharness_systems.perceptron:Perceptron",
            summary="the spherical perceptron at any margin (arXiv 1501.03397)",
        ),
        SystemSpec(
            name="spheres",
            factory="jamharness_systems.spheres:Spheres",
            summary="repulsive spheres in a periodic box, 2D or 3D",
        ),
        SystemSpec(
            name="ellipses",
            factory="jamharness_systems.ellipses:Ellipses",
            summary="repulsive ellipses in a periodic box (arXiv 0812.1234)",
        ),
        SystemSpec(
            name="classifier",
            factory="jamharness_systems.classifier:Classifier",
            summary="a network with an output for each class, for the cross-entropy of several classes",
        ),
        SystemSpec(
            name="layered",
            factory="jamharness_systems.layered:LayeredNetwork",
            summary="a network on images, layer by layer: convolutions, pooling, norm, residual blocks, dense",
        ),
        SystemSpec(
            name="toy",
            factory="jamharness_systems.layered:Toy",
            summary="the toy network of arXiv 1803.06969: one hidden layer, sigmoid outputs, mean square",
        ),
        SystemSpec(
            name="small_net",
            factory="jamharness_systems.layered:SmallNet",
            summary="the small convolutional network of arXiv 1803.06969",
        ),
        SystemSpec(
            name="resnet18",
            factory="jamharness_systems.layered:ResNet18",
            summary="ResNet-18 for small images (arXiv 1512.03385), with any number of kernels",
        ),
        SystemSpec(
            name="committee",
            factory="jamharness_systems.committee:Committee",
            summary="a tree committee on the sphere",
        ),
        SystemSpec(
            name="p_spin",
            factory="jamharness_systems.p_spin:PSpin",
            summary="the spherical p-spin, a glass: an energy to lower and nothing to satisfy",
        ),
    ]
