import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from jamharness.api import BadInput, DataRequest
from jamharness.datasets.mnist import load, load_fashion, read_collection

REQUEST = DataRequest(dataset="mnist", inputs=4, patterns=20)


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("loader", [load, load_fashion])
def test_files_of_a_folder_become_patterns(tmp_path, write_mnist, end, loader):
    """Both data sets read both forms of their files, and keep their own test files whole."""
    patterns = loader(replace(REQUEST, folder=str(write_mnist(tmp_path, end=end))))
    assert patterns.x.shape == (20, 4)
    assert patterns.y.tolist() == [-1.0, 1.0] * 10
    assert patterns.x_test.shape == (12, 4)
    assert patterns.y_test.tolist() == [-1.0, 1.0] * 6  # the classes 0, 1, 2, … in the order of the file
    np.testing.assert_allclose((patterns.x_test**2).sum(axis=1), 4, rtol=1e-12)


@pytest.mark.parametrize("fit", ["train", "pooled"])
def test_components_are_fitted_on_what_was_asked(tmp_path, write_mnist, fit):
    """Test coordinates equal those of scikit-learn fitted on train pictures, or on all."""
    folder = write_mnist(tmp_path, end="")
    files = [folder / f"{name}-images-idx3-ubyte" for name in ("train", "t10k")]
    train, test = (np.frombuffer(file.read_bytes()[16:], np.uint8).reshape(-1, 25) / 255 for file in files)
    referee = PCA(n_components=4, svd_solver="full").fit(train if fit == "train" else np.concatenate([train, test]))
    coordinates = load(replace(REQUEST, folder=str(folder), projection="plain", normalise=False, fit=fit)).x_test
    np.testing.assert_allclose(np.abs(coordinates), np.abs(referee.transform(test)), atol=1e-10)


@pytest.mark.parametrize(("fit", "same"), [("train", True), ("pooled", False)])
def test_a_train_fit_does_not_see_the_test_files(tmp_path, write_mnist, write_idx, fit, same):
    """Other test pictures change the train patterns of a pooled fit, and not a bit of a train fit."""
    folder = write_mnist(tmp_path)
    request = replace(REQUEST, folder=str(folder), fit=fit)
    before = load(request)
    write_idx(folder / "t10k-images-idx3-ubyte.gz", np.random.default_rng(9).integers(0, 256, (12, 5, 5)))
    after = load(request)
    assert np.array_equal(before.x, after.x) is same
    assert not np.array_equal(before.x_test, after.x_test)


def test_what_one_caller_does_to_its_arrays_no_other_sees(tmp_path, write_mnist):
    """Patterns are a caller's own even though the files are read once."""
    request = replace(REQUEST, folder=str(write_mnist(tmp_path)), normalise=False)
    one = load(request)
    copies = one.x.copy(), one.x_test.copy(), one.y_test.copy()
    for array in (one.x, one.x_test, one.y_test):
        array[:] = 7.0
    again = load(request)
    assert all(np.array_equal(a, b) for a, b in zip(copies, (again.x, again.x_test, again.y_test), strict=True))


def test_more_than_there_is_is_refused_with_the_numbers(tmp_path, write_mnist):
    """Both limits are named at once: 40 patterns, 25 pixels."""
    with pytest.raises(BadInput) as caught:
        load(replace(REQUEST, folder=str(write_mnist(tmp_path)), patterns=42, inputs=26))
    first, second = caught.value.problems
    assert "patterns = 42: data set 'mnist' has 40" in first
    assert "inputs = 26: data set 'mnist' has 25" in second


def test_every_damaged_file_is_named_at_once(tmp_path, write_mnist, write_idx):
    """Truncated pictures, too few classes and a class 10 give three sentences, each with its file."""
    folder = write_mnist(tmp_path, end="")
    (folder / "train-images-idx3-ubyte").write_bytes((folder / "train-images-idx3-ubyte").read_bytes()[:-1])
    write_idx(folder / "t10k-labels-idx1-ubyte", np.full(11, 10))
    with pytest.raises(BadInput) as caught:
        load(replace(REQUEST, folder=str(folder)))
    truncated, count, number = caught.value.problems
    assert "train-images-idx3-ubyte: holds 1015 bytes" in truncated
    assert "t10k-labels-idx1-ubyte: 11 classes for the 12 pictures" in count
    assert "t10k-labels-idx1-ubyte: holds the class number 10" in number


def test_train_and_test_of_different_data_sets_are_refused(tmp_path, write_mnist, write_idx):
    """Pictures of another size do not belong together."""
    folder = write_mnist(tmp_path, end="")
    write_idx(folder / "t10k-images-idx3-ubyte", np.zeros((12, 6, 6)))
    with pytest.raises(BadInput, match="25 and 36 pixels"):
        load(replace(REQUEST, folder=str(folder)))


def test_files_without_pictures_are_refused(tmp_path, write_mnist, write_idx):
    """A well-formed file that holds nothing is one sentence."""
    folder = write_mnist(tmp_path, end="")
    write_idx(folder / "train-images-idx3-ubyte", np.zeros((0, 5, 5)))
    write_idx(folder / "train-labels-idx1-ubyte", np.zeros(0))
    with pytest.raises(BadInput, match="holds no pictures"):
        load(replace(REQUEST, folder=str(folder)))


def test_pictures_of_one_parity_cannot_be_balanced(tmp_path, write_mnist, write_idx):
    """Only even digits: there is nothing to learn."""
    folder = write_mnist(tmp_path, end="")
    write_idx(folder / "train-labels-idx1-ubyte", np.full(40, 4))
    with pytest.raises(BadInput, match="no patterns in balanced classes"):
        load(replace(REQUEST, folder=str(folder)))


def test_a_wrong_request_is_refused_before_any_file_is_sought(tmp_path):
    """The sentences are about the request; the folder is not looked at."""
    with pytest.raises(BadInput) as caught:
        load(replace(REQUEST, folder=str(tmp_path / "none"), patterns=3))
    assert [problem[:12] for problem in caught.value.problems] == ["patterns = 3"]


def test_seeds_share_one_reading_of_the_files(tmp_path, write_mnist):
    """Another seed orders the same pictures differently."""
    folder = write_mnist(tmp_path)
    request = replace(REQUEST, patterns=40, folder=str(folder), normalise=False)
    one, other = load(request), load(replace(request, seed=1))
    assert not np.array_equal(one.x, other.x)
    assert sorted(map(tuple, one.x)) == sorted(map(tuple, other.x))


def test_a_copy_of_the_files_gives_the_same_patterns(tmp_path, write_mnist):
    """Where the files lie changes nothing, which is why it is no part of a cell's identity."""
    one = write_mnist(tmp_path / "one")
    other = shutil.copytree(one, tmp_path / "other")
    requests = [replace(REQUEST, folder=str(folder)) for folder in (one, other)]
    assert requests[0].identity() == requests[1].identity()
    assert np.array_equal(load(requests[0]).x, load(requests[1]).x)


def test_collection_keeps_pictures_with_their_classes(tmp_path, write_mnist, write_idx):
    """A picture's row and its class come from the same place in their files."""
    folder = write_mnist(tmp_path, end="")
    levels = np.arange(40) * 6
    write_idx(folder / "train-images-idx3-ubyte", np.broadcast_to(levels[:, None, None], (40, 5, 5)))
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    train = read_collection(tuple(folder / name for name in names)).train
    assert np.array_equal(train.pixels, np.repeat(levels[:, None], 25, axis=1))
    assert np.array_equal(train.classes, np.arange(40) % 10)
