import hashlib
import io
import socket
import sys
import tarfile
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from jamharness.api import BadInput, DataRequest
from jamharness.datasets import cifar10, mnist
from jamharness.datasets.fetching import fetch, reachable
from jamharness.datasets.files import Release, downloads, locate, may_download


@pytest.fixture(autouse=True)
def _allowed(monkeypatch):
    """Whoever asks for a download has allowed it."""
    monkeypatch.setenv("JAMHARNESS_DOWNLOAD", "1")


def test_nothing_is_fetched_unasked(served, tmp_path, write_mnist, monkeypatch):
    """One sentence says where to put the files and what --download would fetch; the server is not asked."""
    url, folder = served
    write_mnist(folder)
    release = replace(mnist.MNIST, url=url, downloads=checksums(folder))
    monkeypatch.delenv("JAMHARNESS_DOWNLOAD")
    place = tmp_path / "place"
    with pytest.raises(BadInput) as caught:
        locate(release, str(place))
    (problem,) = caught.value.problems
    for words in ("'mnist'", f"not found in {place}", "folder=DIR", "--download to fetch 4 files", url):
        assert words in problem
    assert not place.exists()


@pytest.mark.parametrize("allowed", [True, False])
def test_the_permission_lasts_as_long_as_the_run(monkeypatch, allowed):
    """And reaches the workers that are started meanwhile, which inherit the environment."""
    monkeypatch.delenv("JAMHARNESS_DOWNLOAD")
    with downloads(allowed):
        assert may_download() is allowed
    assert not may_download()


def checksums(folder):
    return {
        path.name: f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}" for path in folder.iterdir() if path.is_file()
    }


def test_missing_files_are_fetched_once(served, tmp_path, write_mnist):
    """The first load fetches four files into the folder; the second needs no server any more."""
    url, folder = served
    write_mnist(folder)
    release = replace(mnist.MNIST, url=url, downloads=checksums(folder))
    place = tmp_path / "deep" / "mnist"
    request = DataRequest(dataset="mnist", inputs=4, patterns=20, folder=str(place))
    first = mnist.load(request, release)
    assert sorted(path.name for path in place.iterdir()) == sorted(checksums(folder))
    second = mnist.load(request, replace(release, url="http://127.0.0.1:1/"))
    assert np.array_equal(first.x, second.x)


def test_only_what_is_missing_is_fetched(served, tmp_path):
    """A file that is there already is neither fetched nor touched."""
    url, folder = served
    for name in ("a", "b"):
        (folder / name).write_text("theirs")
    place = tmp_path / "place"
    place.mkdir()
    (place / "a").write_text("mine")
    locate(Release(name="small", files=("a", "b"), url=url, downloads=checksums(folder)), str(place))
    assert (place / "a").read_text() == "mine"
    assert (place / "b").read_text() == "theirs"


def test_an_archive_is_fetched_and_unpacked(served, tmp_path, write_cifar):
    """The needed members come out of the archive's folder; nothing else of it stays."""
    url, folder = served
    write_cifar(tmp_path / "cifar-10-batches-bin")
    (tmp_path / "cifar-10-batches-bin" / "readme.html").touch()
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "cifar-10-batches-bin", "cifar-10-batches-bin")
    place = tmp_path / "cifar10"
    release = replace(cifar10.CIFAR10, url=url, downloads=checksums(folder))
    for path in locate(release, str(place)):
        assert path.read_bytes() == (tmp_path / "cifar-10-batches-bin" / path.name).read_bytes()
    assert sorted(path.name for path in place.iterdir()) == sorted(release.files)


def test_a_wrong_checksum_leaves_nothing_behind(served, tmp_path):
    """What arrives is not what was expected: one sentence, and no file, whole or half."""
    url, folder = served
    (folder / "a").write_text("changed")
    release = Release(name="small", files=("a",), url=url, downloads={"a": f"md5:{'0' * 32}"})
    place = tmp_path / "place"
    with pytest.raises(BadInput) as caught:
        locate(release, str(place))
    (problem,) = caught.value.problems
    assert "(MD5 hash of downloaded file (a) does not match the known hash)" in problem
    assert list(place.iterdir()) == []


def test_a_file_that_the_server_lacks_leaves_nothing_behind(served, tmp_path):
    """The server's answer is the reason."""
    url, _ = served
    place = tmp_path / "place"
    reason = fetch(Release(name="small", files=("a",), url=url, downloads={"a": "md5:0"}), ["a"], place)
    assert "404" in reason
    assert list(place.iterdir()) == []


def test_an_archive_without_a_needed_member_is_said_so(served, tmp_path):
    """A member that is not there is a reason, not a traceback."""
    url, folder = served
    with tarfile.open(folder / "all.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("inside/other"), io.BytesIO())
    release = Release(name="small", files=("a",), url=url, downloads=checksums(folder), inside="inside")
    assert "inside/a" in fetch(release, ["a"], tmp_path / "place")


def test_a_folder_that_cannot_be_made_is_said_so(served, tmp_path):
    """A file in the way of the folder is a reason, not a traceback."""
    url, folder = served
    (folder / "a").touch()
    (tmp_path / "file").touch()
    release = Release(name="small", files=("a",), url=url, downloads=checksums(folder))
    assert "file" in fetch(release, ["a"], tmp_path / "file" / "place")


@pytest.mark.parametrize("url", ["https://nowhere.invalid/", "http://127.0.0.1:1/"])
def test_without_a_network_it_gives_up_quickly_and_makes_nothing(tmp_path, url):
    """A name that cannot be found or a port that is closed: under 5 s, one sentence, no folder."""
    place = tmp_path / "mnist"
    start = time.monotonic()
    with pytest.raises(BadInput) as caught:
        mnist.load(DataRequest(dataset="mnist", folder=str(place)), replace(mnist.MNIST, url=url))
    assert time.monotonic() - start < 5
    (problem,) = caught.value.problems
    assert "train-images-idx3-ubyte, train-labels-idx1-ubyte" in problem
    assert str(place) in problem
    assert "no connection" in problem
    assert not place.exists()


def many_addresses(lookup, *args, **kwargs):
    """The answer of a name lookup five times over, as that of a large server."""
    return lookup(*args, **kwargs) * 5


def test_a_server_that_never_answers_is_given_up_after_the_patience(monkeypatch):
    """A listener whose queue is full drops every knock, as a firewall would; its five addresses share the patience."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        monkeypatch.setattr(socket, "getaddrinfo", partial(many_addresses, socket.getaddrinfo))
        start = time.monotonic()
        answered = reachable(f"http://127.0.0.1:{address[1]}/", patience=0.3)
        took = time.monotonic() - start
        for one in waiting:
            one.close()
    assert not answered
    assert 0.25 < took < 0.9


def test_a_proxy_stands_for_the_server(monkeypatch, served):
    """Behind a proxy it is the proxy that must be reached."""
    url, _ = served
    monkeypatch.setenv("https_proxy", url)
    assert reachable("https://nowhere.invalid/")
    monkeypatch.setenv("https_proxy", "127.0.0.1:1")
    assert not reachable("https://nowhere.invalid/")


def test_without_pooch_the_remedy_is_named(tmp_path, monkeypatch):
    """A missing library is a reason, not an ImportError."""
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert "pip install 'jamharness[data]'" in fetch(mnist.MNIST, mnist.MNIST.files, tmp_path)
