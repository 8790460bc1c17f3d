"""The IDX format of MNIST: big-endian sizes, then bytes."""

import gzip
import io
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput
from jamharness.paths import read_file

_UNSIGNED_BYTE = 0x08
_GZIP = b"\x1f\x8b"


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes, gzipped or not, whatever its name.

    The header is two zero bytes, the type (8: unsigned byte), the number of dimensions, and each of them as a
    big-endian 32-bit number (Y. LeCun, "The MNIST database", file formats).

    Arguments:
        path: the file.
        dimensions: how many are expected: 3 for pictures, 1 for class numbers.

    Raises:
        BadInput: one sentence on what is wrong with the file.
    """
    start = 4 + 4 * dimensions
    data = _bytes(path, start)
    magic = bytes((0, 0, _UNSIGNED_BYTE, dimensions))
    if data[:4] != magic:
        raise BadInput(
            f"{path}: not an IDX file of {dimensions}-dimensional bytes: it starts with "
            f"{data[:4].hex(' ') or 'nothing'} instead of {magic.hex(' ')}; replace it by the original."
        )
    if len(data) < start:
        raise BadInput(
            f"{path}: ends within its header, after {len(data)} of {start} bytes; replace it by the original."
        )
    shape = tuple(int(size) for size in np.frombuffer(data, dtype=">u4", count=dimensions, offset=4))
    expected = start + prod(shape)
    if len(data) != expected:
        raise BadInput(
            f"{path}: holds {len(data)} bytes where its header announces {expected} (shape {shape}); "
            "replace it by the original."
        )
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)


def _bytes(path: Path, start: int) -> bytes:
    """The content; no more is unpacked than the header announces and one byte, enough to see that it is more."""
    try:
        data = read_file(path)
        if not data.startswith(_GZIP):
            return data
        with gzip.open(io.BytesIO(data)) as file:
            header = file.read(start)
            sizes = np.frombuffer(header[4:], dtype=">u4") if len(header) == start else ()
            # Deflate makes nothing smaller than by a factor of 1032: a header that announces more is not true.
            announced = min(prod(int(size) for size in sizes), 1032 * len(data))
            return header + file.read(announced + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{path}: not a complete gzip file ({error}); replace it by the original.") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); check the file and its permissions.") from None
