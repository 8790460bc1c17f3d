from dataclasses import replace

import numpy as np
import pytest

from jamharness.api import BadInput, DataRequest
from jamharness.datasets.cifar10 import CIFAR10, load, read_collection

REQUEST = DataRequest(dataset="cifar10", inputs=3, patterns=30)


def test_batches_of_a_folder_become_patterns(tmp_path, write_cifar):
    """Five train batches and a test batch, in the folder that the archive unpacks to."""
    write_cifar(tmp_path / "cifar-10-batches-bin")
    patterns = load(replace(REQUEST, folder=str(tmp_path)))
    assert patterns.x.shape == (30, 3)
    assert patterns.y.tolist() == [-1.0, 1.0] * 15
    assert patterns.x_test.shape == (8, 3)
    assert patterns.y_test.tolist() == [-1.0, 1.0] * 4
    np.testing.assert_allclose((patterns.x**2).sum(axis=1), 3, rtol=1e-12)


def test_records_keep_their_order(tmp_path, write_cifar):
    """Train pictures follow one another batch by batch, each without its class byte."""
    write_cifar(tmp_path)
    files = tuple(tmp_path / name for name in CIFAR10.files)
    train = read_collection(files).train
    third = files[2].read_bytes()
    assert train.pixels[16].tobytes() == third[1:3073]
    assert train.classes[17] == third[3073]
    assert train.pixels.shape == (40, 3072)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "holds 0 bytes"),
        (bytes(3072), "holds 3072 bytes, not a multiple of the 3073"),
        (bytes(3073) + bytes([37]) + bytes(3072), "record 1 has the class number 37"),
    ],
)
def test_a_damaged_batch_is_named_with_its_damage(tmp_path, write_cifar, data, words):
    """One sentence says which batch and what is wrong with it; two damaged batches give two."""
    write_cifar(tmp_path)
    for name in ("data_batch_4.bin", "test_batch.bin"):
        (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput) as caught:
        load(replace(REQUEST, folder=str(tmp_path)))
    for problem, name in zip(caught.value.problems, ("data_batch_4.bin", "test_batch.bin"), strict=True):
        assert problem.startswith(str(tmp_path / name))
        assert words in problem


def test_a_wrong_request_is_refused_before_any_file_is_sought(tmp_path):
    """The sentences are about the request; the folder is not looked at."""
    with pytest.raises(BadInput, match=r"\Apatterns = 0[^\n]*\Z"):
        load(replace(REQUEST, folder=str(tmp_path / "none"), patterns=0))
