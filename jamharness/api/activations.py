"""The activations that every backend provides, by name and sharpness."""

import re
from dataclasses import dataclass

from jamharness.api.errors import BadInput, unknown_name

_SHARP = ("gelu", "softplus")
ACTIVATIONS = ("relu", "tanh", "linear", *_SHARP)
_FORM = re.compile(r"(?P<name>[a-z]+)(?:\(\s*(?P<beta>[^()]+?)\s*\))?")


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One activation function, applied to every hidden preactivation z.

    ``relu`` is max(0, z) with slope 0 at z = 0; ``tanh``; ``linear`` is z; ``gelu`` is z Φ(βz) with Φ the normal
    distribution function (arXiv 1606.08415 has β = 1); ``softplus`` is log(1 + exp(βz)) / β. Both tend to relu as β
    grows.

    Arguments:
        name: one of ``ACTIVATIONS``.
        beta: the sharpness β > 0, for gelu and softplus only.
    """

    name: str
    beta: float = 1.0

    @classmethod
    def parse(cls, text: str) -> "Activation":
        """Read ``"relu"``, ``"gelu"`` (β = 1) or ``"gelu(4)"``.

        Raises:
            BadInput: the name is unknown, or β is not a positive number, or β is given where there is none.
        """
        match = _FORM.fullmatch(text.strip().lower())
        if match is None or match["name"] not in ACTIVATIONS:
            allowed = [name for name in ACTIVATIONS if name not in _SHARP] + [f"{name}(β)" for name in _SHARP]
            wrong = match["name"] if match else text
            raise BadInput(unknown_name("activation", wrong, [*allowed, *(_SHARP if match else ())]))
        name, beta = match["name"], match["beta"]
        if beta is None:
            return cls(name=name)
        if name not in _SHARP:
            raise BadInput(
                f"Activation {text!r}: {name} takes no sharpness; write {name!r}, or one of gelu(β), softplus(β)."
            )
        try:
            value = float(beta)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise BadInput(f"Activation {text!r}: the sharpness must be a positive number, as in {name}(4).")
        return cls(name=name, beta=value)

    @property
    def smooth(self) -> bool:
        """Whether the function has continuous derivatives: everything but relu."""
        return self.name != "relu"

    def __str__(self) -> str:
        if self.name not in _SHARP or self.beta == 1.0:
            return self.name
        short = f"{self.beta:g}"
        return f"{self.name}({short if float(short) == self.beta else repr(float(self.beta))})"
