"""The data in the package are what their README describes."""

import hashlib
import importlib.util
import io
import re
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

FILES = resources.files("minigrad") / "data" / "_files"
CLASS_COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.fixture(scope="module")
def content():
    return (FILES / "digits.npz").read_bytes()


@pytest.fixture(scope="module")
def arrays(content):
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="module")
def stated():
    """The checksums that the README states, by the name in the first column."""
    text = (FILES / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| .*?`([\w.]+)` \| `([0-9a-f]{64})` \|$", text, re.MULTILINE))


def test_shapes_and_types(arrays):
    assert arrays.keys() == {"images", "labels"}
    assert arrays["images"].shape == (1797, 8, 8)
    assert arrays["labels"].shape == (1797,)
    assert arrays["images"].dtype == arrays["labels"].dtype == np.uint8


def test_values(arrays):
    assert arrays["images"].min() == 0
    assert arrays["images"].max() == 16
    assert np.bincount(arrays["labels"]).tolist() == CLASS_COUNTS
    assert arrays["labels"][:10].tolist() == list(range(10))


def test_checksums(arrays, stated):
    found = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    for name in ("digits.npz", "line.csv", "gabor.csv"):
        found[name] = hashlib.sha256((FILES / name).read_bytes()).hexdigest()
    assert found == stated


def test_every_file_is_described(stated):
    names = {file.name for file in FILES.iterdir()}
    assert names == {"README.md"} | {name for name in stated if "." in name}


def test_pairs_are_those_of_the_notebooks():
    """Both ends of the numbers as the notebooks print them."""
    line = np.loadtxt(FILES / "line.csv", delimiter=",", skiprows=1)
    assert line.shape == (12, 2)
    assert line[[0, 1, -1]].tolist() == [[0.03, 0.67], [0.19, 0.85], [1.90, 1.60]]
    pairs = np.loadtxt(FILES / "gabor.csv", delimiter=",", skiprows=1)
    assert pairs.shape == (30, 2)
    assert pairs[[0, 1, -1]].tolist() == [[-1.92, -1.051], [-14.22, -0.02482], [-4.505, 0.5952]]


def test_the_packing_script_remakes_the_file(content, arrays):
    path = Path(__file__).parent / "tools" / "pack_digits.py"
    spec = importlib.util.spec_from_file_location("pack_digits", path)
    pack_digits = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack_digits)
    remade = pack_digits.pack(arrays["images"].astype(float), arrays["labels"].astype(int))
    # Not the bytes themselves: another zlib may deflate another way.
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(io.BytesIO(remade)) as new,
    ):
        for a, b in zip(old.infolist(), new.infolist(), strict=True):
            assert (a.filename, a.date_time, a.create_system) == (
                b.filename,
                (1980, 1, 1, 0, 0, 0),
                b.create_system,
            )
            assert old.read(a) == new.read(b)
    with pytest.raises(ValueError, match="images do not fit into uint8"):
        pack_digits.pack(arrays["images"] + 0.5, arrays["labels"])
