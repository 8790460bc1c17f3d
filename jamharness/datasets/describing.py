"""One data set in words: what it holds, and where its files are looked for."""

import numpy as np

from jamharness.api import BadInput, DataRequest, named_data
from jamharness.datasets.cifar10 import CIFAR10
from jamharness.datasets.files import Release, data_folder
from jamharness.datasets.mnist import FASHION_MNIST, MNIST
from jamharness.plugins import Plugins, load_data

_RELEASES: dict[str, Release] = {release.name: release for release in (MNIST, FASHION_MNIST, CIFAR10)}
_DRAWN = "random"


def describe(dataset: str, plugins: Plugins) -> dict[str, str]:
    """What there is to know of a data set before it is measured, by the name of the property.

    Arguments:
        dataset: its name, or ``file:PATH``.
        plugins: where it is.

    Raises:
        BadInput: there is none of this name.
        PluginError: it cannot be used.
    """
    name, file = named_data(dataset)
    properties = {"name": dataset, "summary": plugins.dataset(name).summary}
    if name == _DRAWN:
        return properties | {
            "patterns": "as many as are asked for, drawn anew for each seed", "inputs": "as many as are asked for",
            "classes": "2: −1 and +1", "test set": "none: there is nothing to generalise from",
        }  # fmt: skip
    if name in _RELEASES:
        properties["looked for in"] = str(data_folder(name, None))
        installed = _RELEASES[name].installed
        if installed is not None:
            properties["looked for in"] += f", then {installed}"
        properties["files"] = ", ".join(_RELEASES[name].files)
    if name == "file" and not file:
        return properties | {"of one's own": "name it, as in: jamharness datasets file:patterns.csv"}
    request = DataRequest(
        dataset=name, inputs=1, patterns=None, classes="all", projection="plain", normalise=False, folder=file or None
    )
    try:
        data = load_data(request, plugins)
    except BadInput as error:
        if file:
            raise
        return properties | {"not ready": " ".join(error.problems)}
    _, counts = np.unique(data.y, return_counts=True)
    description = data.description
    return properties | {
        "patterns": f"{description.get('train', len(data.x))} for training, {len(data.x_test)} for tests",
        "inputs": f"up to {description['components']} principal components" if "components" in description else "",
        "classes": f"{len(counts)}, with {counts.min()} training patterns each at least",
        "source": str(description.get("source", "")),
    }
