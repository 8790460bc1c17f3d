"""Files of one's own: each format gives the same patterns, and each fault one sentence."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from jamharness.api import BadInput, DataRequest
from jamharness.datasets.own_file import load

REQUEST = DataRequest(dataset="file:somewhere", inputs=3, patterns=40, test_fraction=0.25)
DRAW = np.random.default_rng(0)
X = DRAW.standard_normal((80, 4)) @ np.diag([5.0, 2.0, 1.0, 0.5]) + [1e6, 0, 3, -2]
Y = np.arange(80) % 4


def asked(path, **more):
    return replace(REQUEST, folder=str(path), **more)


def table(**more):
    return pd.DataFrame({**{f"c{i}": X[:, i] for i in range(4)}, "class": Y, **more})


@pytest.fixture
def files(tmp_path):
    """The same patterns in three formats."""
    paths = [tmp_path / f"own.{end}" for end in ("csv", "parquet", "npz")]
    table().to_csv(paths[0], index=False)
    table().to_parquet(paths[1])
    np.savez(paths[2], x=X, y=Y)
    return paths


def test_a_file_is_named_with_its_data_set():
    """``file:PATH`` is the data set ``file`` and the path, of which only the content counts."""
    assert (REQUEST.dataset, REQUEST.folder) == ("file", "somewhere")
    assert "somewhere" not in str(REQUEST.identity())
    with pytest.raises(BadInput, match="folder = b: dataset=file:a names its file itself"):
        DataRequest(dataset="file:a", folder="b")


def test_all_formats_give_the_same_patterns(files):
    """Bit for bit, and balanced."""
    first, *others = [load(asked(path)) for path in files]
    assert first.y.tolist() == [-1.0, 1.0] * 20
    assert len(first.y_test) == 20
    np.testing.assert_allclose((first.x**2).sum(axis=1), 3, rtol=1e-12)
    assert {other.digest() for other in others} == {first.digest()}


def test_components_are_scikit_learns(tmp_path):
    """Fitted on the training part, also where the mean is a million times the spread."""
    path = tmp_path / "own.npz"
    np.savez(path, x=X[:60], y=Y[:60], x_test=X[60:], y_test=Y[60:])
    patterns = load(asked(path, projection="plain", normalise=False))
    referee = PCA(n_components=3, svd_solver="full").fit(X[:60]).transform(X[60:])
    np.testing.assert_allclose(np.abs(patterns.x_test), np.abs(referee), atol=1e-6)
    assert patterns.y_test.tolist() == [-1.0, 1.0] * 10


def test_classes_left_out_have_no_part_in_the_components(tmp_path):
    """Patterns of other classes may be anything."""
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    np.savez(one, x=X, y=Y)
    np.savez(other, x=np.where((Y == 3)[:, None], 1e9, X), y=Y)
    digests = {load(asked(path, classes="0/1,2", patterns=20)).digest() for path in (one, other)}
    assert len(digests) == 1


def test_pictures_in_idx_form_with_their_own_test_set(tmp_path, write_mnist):
    """The files of MNIST, named by the first of them; without train- in the name a part is kept for testing."""
    folder = write_mnist(tmp_path / "idx")
    patterns = load(asked(folder / "train-images-idx3-ubyte.gz", patterns=20))
    assert patterns.x_test.shape == (12, 3)
    for kind in ("images-idx3", "labels-idx1"):
        (folder / f"train-{kind}-ubyte.gz").rename(folder / f"{kind}-ubyte.gz")
    assert load(asked(folder / "images-idx3-ubyte.gz", patterns=20)).x_test.shape == (10, 3)
    (folder / "labels-idx1-ubyte.gz").unlink()
    with pytest.raises(BadInput, match="its classes, labels-idx1-ubyte, are not beside it"):
        load(asked(folder / "images-idx3-ubyte.gz"))


def test_labels_may_be_names_in_any_column(tmp_path):
    """The column is named, and the classes too."""
    path = tmp_path / "own.csv"
    table(animal=np.array(["emu", "cat", "dog", "cow"])[Y]).drop(columns="class").loc[
        :, ["animal", "c0", "c1", "c2", "c3"]
    ].to_csv(path, index=False)
    patterns = load(asked(path, label_column="animal", classes="cat,cow/rest"))
    assert patterns.y.tolist() == [-1.0, 1.0] * 20


def test_another_content_is_other_data(files):
    """Of a file that changes, and is read again."""
    before = load(asked(files[0])).digest()
    table(c0=X[:, 0] + 1e-3 * Y).to_csv(files[0], index=False)
    assert load(asked(files[0])).digest() != before


WRONG = {
    "text": ("own.csv", lambda: table(c1="red"), "column 'c1' holds 'red', which is no number"),
    "gap": ("own.csv", lambda: table(c2=np.where(Y == 1, np.nan, X[:, 2])), "row 2 has nothing in column 'c2'"),
    "infinite": ("own.csv", lambda: table(c2=np.where(Y == 1, np.inf, X[:, 2])), "row 2 holds a number that is NaN"),
    "fraction": ("own.csv", lambda: table().assign(**{"class": Y / 2}), "the class of row 2 is 0.5"),
    "one class": ("own.csv", lambda: table().assign(**{"class": 7}), "all labels are 7; at least two"),
    "one column": ("own.csv", lambda: table()[["class"]], "80 rows of 1 columns"),
    "no rows": ("own.csv", lambda: table()[:0], "0 rows of 5 columns"),
    "names": (
        "own.csv",
        lambda: table().assign(**{"class": np.array(list("abcd"))[Y]}),
        "are no numbers but a, b, c, d",
    ),
    "ending": ("own.txt", lambda: table(), "its name must end in .csv, .parquet or .npz"),
}


@pytest.mark.parametrize(("name", "make", "sentence"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_table_is_one_sentence(tmp_path, name, make, sentence):
    """It names the file and the place in it."""
    make().to_csv(tmp_path / name, index=False)
    with pytest.raises(BadInput) as caught:
        load(asked(tmp_path / name))
    assert len(caught.value.problems) == 1
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"x": X}, "holds x and no y"),
        ({"x": X, "y": Y[:-1]}, r"y has \(79,\)"),
        ({"x": X, "y": Y, "x_test": X}, "no y_test"),
        ({"x": X, "y": Y, "x_test": X[:, :2], "y_test": Y}, "they must be alike"),
        ({"x": X.astype(str), "y": Y}, "and no numbers"),
        ({"x": np.array([object()] * 80), "y": Y}, "not a readable npz file"),
    ],
)
def test_wrong_arrays_are_one_sentence(tmp_path, arrays, sentence):
    """Missing ones, shapes that do not fit, and objects, which are never unpickled."""
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(BadInput, match=sentence) as caught:
        load(asked(tmp_path / "own.npz"))
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("end", ["csv", "parquet", "npz"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 50, b"PK\x03\x04"])
def test_rubbish_is_one_sentence_whatever_it_is_called(tmp_path, end, content):
    """Parsers fail in many ways; the user reads one."""
    path = tmp_path / f"own.{end}"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="own") as caught:
        load(asked(path))
    assert len(caught.value.problems) == 1


def test_what_is_no_file_is_told(tmp_path):
    """Nothing there, a folder, a pipe that nobody writes into, and no name at all."""
    for path, sentence in ((tmp_path / "none.csv", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(BadInput, match=sentence):
            load(asked(path))
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(BadInput, match="a named pipe"):
        load(asked(tmp_path / "pipe.csv"))
    with pytest.raises(BadInput, match="name the file, as in dataset=file:"):
        load(DataRequest(dataset="file", inputs=3))
    path = tmp_path / "own.csv"
    table().to_csv(path, index=False)
    with pytest.raises(BadInput, match=r"'klass'.*did you mean 'class'"):
        load(asked(path, label_column="klass"))
