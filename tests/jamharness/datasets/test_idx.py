import gzip
import os
import resource
import struct

import numpy as np
import pytest

from jamharness.api import BadInput
from jamharness.datasets.idx import read_idx

CUBE = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_an_array_comes_back_as_written(tmp_path, write_idx, name):
    """Plain and gzipped files give the array that was written."""
    assert np.array_equal(read_idx(write_idx(tmp_path / name, CUBE), 3), CUBE)


def test_the_name_does_not_decide_whether_it_is_gzipped(tmp_path, write_idx):
    """A file that a browser unpacked but left its name is read all the same."""
    path = write_idx(tmp_path / "plain", CUBE).rename(tmp_path / "images.gz")
    assert np.array_equal(read_idx(path, 3), CUBE)


HEADER = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "starts with nothing instead of 00 00 08 03"),
        (b"<!DOCTYPE html>", "starts with 3c 21 44 4f"),
        (struct.pack(">HBB3I", 0, 13, 3, 2, 3, 4) + bytes(96), "00 00 0d 03"),
        (struct.pack(">HBBI", 0, 8, 1, 5) + bytes(5), "00 00 08 01 instead of 00 00 08 03"),
        (HEADER[:10], "after 10 of 16 bytes"),
        (HEADER + bytes(23), "39 bytes where its header announces 40"),
        (HEADER + bytes(25), "41 bytes where its header announces 40"),
        (struct.pack(">HBB3I", 0, 8, 3, *[2**32 - 1] * 3), "announces 79228162458924105385300197391"),
        (gzip.compress(HEADER + bytes(24), mtime=0)[:-9], "not a complete gzip file"),
        (gzip.compress(HEADER + bytes(24), mtime=0)[:12] + b"\xff" * 30, "not a complete gzip file"),
    ],
)
def test_a_damaged_file_is_named_with_its_damage(tmp_path, data, words):
    """One sentence says which file and what is wrong with it."""
    path = tmp_path / "images"
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_idx(path, 3)
    (problem,) = caught.value.problems
    assert problem.startswith(str(path))
    assert words in problem


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    """A folder in place of a file is one sentence."""
    with pytest.raises(BadInput, match="cannot be read"):
        read_idx(tmp_path, 3)


@pytest.mark.parametrize("shape", [(4, 5, 5), (2**32 - 1,) * 3])
def test_no_more_is_unpacked_than_the_header_announces(tmp_path, shape):
    """A file of a megabyte can unpack to a gigabyte; a header that announces more than can be there is not believed."""
    header = struct.pack(">HBB3I", 0, 8, 3, *shape)
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(header + bytes(200 * 2**20), compresslevel=1, mtime=0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput, match="announces"):
        read_idx(path, 3)
    if shape[0] == 4:
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def test_a_pipe_is_no_file(tmp_path):
    """Nobody waits for who writes into it."""
    os.mkfifo(tmp_path / "images")
    with pytest.raises(BadInput, match="a named pipe and no regular file"):
        read_idx(tmp_path / "images", 3)
