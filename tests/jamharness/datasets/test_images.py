"""Pictures of all classes as they are: pixels in their order, classes in turn."""

from dataclasses import replace

import numpy as np
import pytest

from jamharness.api import BadInput, DataRequest, Patterns
from jamharness.datasets import cifar10, digits, mnist, random

IMAGES = DataRequest(dataset="mnist", inputs=25, classes="all", projection="none", normalise=False)


def test_images_of_ten_classes(tmp_path, write_mnist):
    """Levels from 0 to 1, classes 0, 1, …, 9 in turn, and every pattern one of its file."""
    folder = write_mnist(tmp_path / "m")
    patterns = mnist.load(replace(IMAGES, patterns=33, folder=str(folder)))
    assert patterns.y.tolist() == [float(index % 10) for index in range(33)]
    files = tuple(folder / f"{name}.gz" for name in mnist.MNIST.files)
    train = mnist.read_collection(files).train
    for x, y in zip(patterns.x, patterns.y, strict=True):
        (place,) = np.flatnonzero((train.pixels == np.rint(255 * x)).all(axis=1))
        assert train.classes[place] == y
    np.testing.assert_array_equal(patterns.x, np.rint(255 * patterns.x) / 255)
    assert (patterns.classes, patterns.x_test.shape, patterns.description["projection"]) == (
        10, (12, 25), "none: pixels, levels from 0 to 1"
    )  # fmt: skip
    assert patterns.y_test.tolist() == [float(index % 10) for index in range(12)]


def test_a_larger_pool_begins_with_the_smaller_and_seeds_differ(tmp_path, write_mnist):
    """As with two classes; the smallest class ends the pool."""
    folder = str(write_mnist(tmp_path / "m", train=45))
    small, large = (mnist.load(replace(IMAGES, patterns=count, folder=folder)) for count in (12, 40))
    np.testing.assert_array_equal(small.x, large.x[:12])
    other = mnist.load(replace(IMAGES, patterns=12, folder=folder, seed=1))
    assert not np.array_equal(small.x, other.x)
    with pytest.raises(BadInput, match="has 40 in balanced classes"):
        mnist.load(replace(IMAGES, patterns=41, folder=folder))


def test_images_are_normalised_as_all_patterns_are(tmp_path, write_mnist):
    """Centred over the pool, |x| = √d; two classes of images have their signs."""
    folder = str(write_mnist(tmp_path / "m"))
    patterns = mnist.load(replace(IMAGES, patterns=20, folder=folder, normalise=True))
    np.testing.assert_allclose(np.sum(patterns.x**2, axis=1), 25)
    two = mnist.load(replace(IMAGES, patterns=20, folder=folder, classes="parity"))
    assert (two.y.tolist(), two.classes) == ([-1.0, 1.0] * 10, 2)


def test_a_colour_image_is_channel_by_channel(tmp_path, write_cifar):
    """As the records of CIFAR-10 are: red, green, blue, each row by row."""
    write_cifar(tmp_path, records=10)
    request = replace(IMAGES, dataset="cifar10", inputs=3072, patterns=10, folder=str(tmp_path))
    patterns = cifar10.load(request)
    record = (tmp_path / "data_batch_1.bin").read_bytes()
    batches = [(tmp_path / f"data_batch_{number}.bin").read_bytes() for number in range(1, 6)]
    sevens = [batch[7 * 3073 + 1 : 8 * 3073] for batch in batches]
    assert patterns.y[7] == 7.0
    assert np.rint(255 * patterns.x[7]).astype(np.uint8).tobytes() in sevens
    assert len(record) == 10 * 3073


def test_random_labels_are_any_class():
    """With equal probability, whatever the pictures show; bundled digits have ten classes too."""
    request = replace(IMAGES, dataset="digits", inputs=64, labels="random")
    patterns = digits.load(request)
    counts = np.bincount(patterns.y.astype(int), minlength=10)
    expected = len(patterns.y) / 10
    assert np.sum((counts - expected) ** 2 / expected) < 27.9  # χ² of 9 degrees of freedom at 1e-3
    assert np.mean(patterns.y == digits.load(replace(request, labels="alternate")).y) < 0.2


def test_principal_components_of_all_classes():
    """The other way round: a projection, and ten classes."""
    patterns = digits.load(replace(IMAGES, dataset="digits", inputs=5, projection="plain", patterns=50))
    assert (patterns.x.shape, patterns.classes, patterns.y[:3].tolist()) == ((50, 5), 10, [0.0, 1.0, 2.0])


def test_what_cannot_be_is_refused(tmp_path, write_mnist):
    """Another size than the pictures', classes of random points, labels that are no class."""
    folder = str(write_mnist(tmp_path / "m"))
    with pytest.raises(BadInput, match="has 25 numbers"):
        mnist.load(replace(IMAGES, inputs=12, patterns=10, folder=folder))
    with pytest.raises(BadInput, match="classes −1 and \\+1 alone"):
        random.load(replace(IMAGES, dataset="random", patterns=10))
    with pytest.raises(BadInput, match="no whole numbers from 0 to 2"):
        Patterns(x=np.ones((2, 3)), y=np.array([0.0, 3.0]), x_test=np.ones((0, 3)), y_test=np.ones(0), classes=3)
