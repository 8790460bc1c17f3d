"""Small files in the formats of the real data sets, written from the formats' descriptions."""

import gzip
import struct
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

Write = Callable[..., Path]


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def write_idx() -> Write:
    """Write an array as an IDX file; gzipped when its name ends in .gz."""

    def write(path: Path, array: np.ndarray) -> Path:
        data = idx_bytes(array)
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        return path

    return write


@pytest.fixture
def write_mnist(write_idx: Write) -> Write:
    """Write the four files of a small MNIST of 5×5 pixels into a folder."""

    def write(folder: Path, train: int = 40, test: int = 12, end: str = ".gz", seed: int = 0) -> Path:
        draw = np.random.default_rng(seed)
        folder.mkdir(parents=True, exist_ok=True)
        for name, count in (("train", train), ("t10k", test)):
            write_idx(folder / f"{name}-images-idx3-ubyte{end}", draw.integers(0, 256, (count, 5, 5)))
            write_idx(folder / f"{name}-labels-idx1-ubyte{end}", np.arange(count) % 10)
        return folder

    return write


@pytest.fixture
def write_cifar() -> Write:
    """Write the six batches of a small CIFAR-10 into a folder."""

    def write(folder: Path, records: int = 8, seed: int = 0) -> Path:
        draw = np.random.default_rng(seed)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
            batch = draw.integers(0, 256, (records, 3073), dtype=np.uint8)
            batch[:, 0] = np.arange(records) % 10
            (folder / name).write_bytes(batch.tobytes())
        return folder

    return write


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test reaches does not depend on the proxies of whoever runs it."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A local server: its address, and the folder whose files it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", folder
        server.shutdown()
        thread.join()
