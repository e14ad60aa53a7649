"""Checkpoints: what is saved comes back bit for bit, and only a whole file ever stands under its name."""

import collections
import enum
import io
import json
import math
import os
import pickle
import random
import stat
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import data, nn, optim
from minigrad.serialization import CheckpointError, files, formats, packing

safetensors = pytest.importorskip("safetensors.numpy", reason="the extra [io] is not installed")

SUFFIXES = ["safetensors", "npz"]
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such thing")


def bits(tensor):
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def assert_same(found, expected, path="it"):
    """The same nesting, types, key order, dtypes, shapes and bits (NaNs too)."""
    kind = mg.Tensor if isinstance(expected, mg.Tensor) else type(expected)
    assert type(found) is kind, path
    if kind is mg.Tensor:
        assert not found.requires_grad and found.is_leaf, path
        found, expected = bits(found), bits(expected)
    if isinstance(expected, (np.ndarray, np.generic)):
        assert found.dtype == expected.dtype.newbyteorder("=") and found.shape == expected.shape, (
            path
        )
        assert found.tobytes() == expected.astype(found.dtype).tobytes(), path
    elif isinstance(expected, dict):
        assert [(type(k), k) for k in found] == [(type(k), k) for k in expected], path
        for key in expected:
            assert_same(found[key], expected[key], f"{path}.{key}")
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected), path
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"{path}.{i}")
    elif isinstance(expected, float) and math.isnan(expected):
        assert math.isnan(found), path
    else:
        assert found == expected, path


def through_memory(obj, kind="npz", **options):
    file = io.BytesIO()
    mg.save(obj, file, format=kind)
    file.seek(0)
    return mg.load(file, **options)


def saved(obj, kind):
    file = io.BytesIO()
    mg.save(obj, file, format=kind)
    return file.getvalue()


def load_bytes(content):
    return mg.load(io.BytesIO(content))


# What goes in comes out ---------------------------------------------------------------------------------


def everything():
    """One of each thing that can be saved, on the default device."""
    return {
        "tensors": [mg.tensor([0, 1, 0]).to(dtype) for dtype in mg.dtypes.SUPPORTED],
        "0-d": mg.tensor(2.5, dtype=mg.float64),
        "result without axes": mg.tensor([1.0, 2.0]).sum(),
        "empty": mg.zeros(0, 3),
        "transposed": mg.arange(6).reshape(2, 3).T,
        "backwards": mg.arange(6).flip(0),
        "every other": mg.arange(6)[::2],
        "expanded": mg.tensor([1.0]).expand(4),
        "parameter": nn.Parameter(mg.ones(2)),
        "recorded": mg.ones(2, requires_grad=True) * 2,
        "arrays": [np.array([1, 2], kind) for kind in "?bhiqBHIQefd"] + [np.array(3.0), np.zeros((2, 0))],
        "other byte order": np.arange(3, dtype=">f8"),
        "columns first": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "NumPy numbers": [np.float32(0.1), np.float64(-np.inf), np.int8(-3), np.uint64(2**64 - 1), np.bool_(True)],
        "integers": [0, -1, 2**63 - 1, -(2**63), 2**63, -(10**60), 1 << 20_000],
        "floats": [0.1, -0.0, 5e-324, math.inf, -math.inf, math.nan, 1e308],
        "others": [None, True, False, "", "a\0b\n\"é\ud800€", b"", b"\0\xff"],
        "nested": {0: {"a": (1, (2.0,), []), -5: ()}, "0": [[mg.ones(1)], {}], 2**70: 1},
        "mappings": [collections.OrderedDict(b=1, a=2), collections.Counter({3: 2, 1: 1})],
        "generators": [random.Random(0).getstate(), np.random.RandomState(0).get_state(), np.random.default_rng(0).bit_generator.state],
        "shape": mg.ones(2, 3).shape,
        "": {"": mg.ones(1)},
    }  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_everything_comes_back(device, suffix, tmp_path):
    obj = everything()
    assert mg.save(obj, tmp_path / f"all.{suffix}") is None
    found = mg.load(str(tmp_path / f"all.{suffix}"))
    assert_same(found, obj)
    assert found["0-d"].device.type == device
    assert os.listdir(tmp_path) == [f"all.{suffix}"]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.binary(max_size=8),
)
stored = st.sampled_from(["?", "i1", "<i2", "<i4", "<i8", "u1", "<f2", "<f4", "<f8"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
)
keys = st.text(st.sampled_from("ab.0\\/\0é "), max_size=3) | st.integers(-2, 2)
objects = st.recursive(
    scalars | stored | stored.map(mg.from_numpy),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(keys, parts, max_size=4) | st.tuples(parts, parts),
    max_leaves=8,
)  # fmt: skip


@given(obj=objects)
@pytest.mark.parametrize("kind", SUFFIXES)
def test_any_nesting_comes_back(kind, obj):
    assert_same(through_memory(obj, kind), obj)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_the_deepest_nesting_comes_back(kind):
    obj = mg.ones(1)
    for n in range(packing.DEEPEST):
        obj = {n: obj} if n % 2 else (obj,)
    assert_same(through_memory(obj, kind), obj)
    with pytest.raises(ValueError, match=f"is nested more than {packing.DEEPEST} deep"):
        through_memory([obj], kind)


@pytest.mark.parametrize("kind", SUFFIXES)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_bit_patterns_of_nans_are_kept(kind, dtype):
    size = int(dtype[1])
    patterns = np.array([-1, 1, 1 << (8 * size - 2)], f"i{size}") | np.array(np.inf, dtype).view(
        f"i{size}"
    )
    values = patterns.view(dtype)
    assert np.isnan(values).sum() >= 2
    found = through_memory({"x": mg.from_numpy(values), "y": values[0]}, kind)
    assert (
        found["x"].numpy().tobytes() == values.tobytes()
        and found["y"].tobytes() == values[0].tobytes()
    )


@pytest.mark.parametrize("kind", SUFFIXES)
def test_loaded_tensors_can_be_written_to_and_share_nothing(kind):
    one = mg.ones(2)
    found = through_memory({"a": one, "b": one}, kind)
    with mg.no_grad():
        found["a"] += 1
    assert (found["a"].tolist(), found["b"].tolist()) == ([2.0, 2.0], [1.0, 1.0])


@pytest.mark.parametrize("kind", SUFFIXES)
def test_the_same_content_gives_the_same_bytes(kind, monkeypatch):
    first = saved(everything(), kind)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert saved(everything(), kind) == first


@pytest.mark.parametrize("kind", SUFFIXES)
def test_map_location(device, kind):
    obj = {"x": mg.ones(2), "state": mg.get_rng_state(), "host": np.ones(2)}
    found = through_memory(obj, kind)
    assert [found[name].device.type for name in ("x", "state")] == [device, device]
    for place in ("cpu", mg.device("cpu")):
        found = through_memory(obj, kind, map_location=place, weights_only=False)
        assert [found[name].device.type for name in ("x", "state")] == ["cpu", "cpu"]
    assert type(found["host"]) is np.ndarray
    with pytest.raises(ValueError, match="unknown device 'moon'"):
        through_memory(obj, kind, map_location="moon")


# What others see in the file ----------------------------------------------------------------------------


def test_a_state_dict_has_its_own_keys_in_the_file(tmp_path):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    mg.save(model.state_dict(), tmp_path / "model.safetensors")
    found = safetensors.load_file(tmp_path / "model.safetensors")
    assert found.keys() == model.state_dict().keys()
    for name, tensor in model.state_dict().items():
        assert_same(found[name], tensor.numpy())
    assert list(mg.load(tmp_path / "model.safetensors")) == list(model.state_dict())


def test_names_of_nested_arrays_are_their_paths():
    obj = {
        "model": {"0.weight": mg.ones(1)},
        "optimizer": {"state": {0: {"m": mg.ones(1)}}, "x": [np.ones(1)]},
    }
    names = ["model.0.weight", "optimizer.state.0.m", "optimizer.x.0"]
    assert sorted(safetensors.load(saved(obj, "safetensors"))) == names
    assert np.load(io.BytesIO(saved(obj, "npz"))).files == ["__minigrad__", *names]
    assert np.load(io.BytesIO(saved(mg.ones(2), "npz"))).files == ["__minigrad__", "tensor"]


@pytest.mark.parametrize("kind", SUFFIXES)
def test_names_that_collide_lose_nothing(kind):
    one = lambda n: mg.full((2,), float(n))  # noqa: E731
    obj = {
        "a.b": one(1), "a": {"b": one(2), "c": {0: one(3), "0": one(4)}}, "a.b (2)": one(5), "__metadata__": one(6),
        "__minigrad__": one(7), "a\\b": one(8), "a\0b": one(9), "a\ud800b": one(10), "a_b": one(11), "file": one(12),
        "x.npy": one(13), "x": one(14), "/": one(15), "../x": one(16), "n" * 70_000: one(17), "n" * 69_999: one(18),
    }  # fmt: skip
    assert_same(through_memory(obj, kind), obj)


@pytest.mark.parametrize("name", ["model.pth", "model.npz", "model", "model.safetensors.bak"])
def test_other_names_are_archives_under_just_that_name(name, tmp_path):
    mg.save({"w": mg.ones(2)}, tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    assert np.load(tmp_path / name)["w"].tolist() == [1.0, 1.0]


def test_the_ending_may_be_in_capitals(tmp_path):
    mg.save({"w": mg.ones(2)}, tmp_path / "UP.SAFETENSORS")
    assert safetensors.load_file(tmp_path / "UP.SAFETENSORS")["w"].tolist() == [1.0, 1.0]


def test_the_content_tells_the_kind_not_the_name(tmp_path):
    for suffix, other in (SUFFIXES, SUFFIXES[::-1]):
        mg.save({"kind": suffix}, tmp_path / f"a.{suffix}")
        os.replace(tmp_path / f"a.{suffix}", tmp_path / f"b.{other}")
        assert mg.load(tmp_path / f"b.{other}") == {"kind": suffix}


@pytest.mark.parametrize("kind", SUFFIXES)
def test_open_files(kind, tmp_path):
    with open(tmp_path / f"x.{kind}", "wb") as file:
        mg.save({"kind": kind}, file)
    content = (tmp_path / f"x.{kind}").read_bytes()
    assert content.startswith(b"PK") == (kind == "npz")
    with open(tmp_path / f"x.{kind}", "rb") as file:
        assert mg.load(file) == {"kind": kind}
        with pytest.raises(
            CheckpointError, match=rf"x\.{kind}' is empty, or was read to its end before"
        ):
            mg.load(file)


# Files of others ----------------------------------------------------------------------------------------


def test_arrays_of_numpy_load_as_tensors(device, tmp_path):
    arrays = {
        "w": np.ones((2, 2)),
        "b": np.array(3, "u2"),
        "big": np.arange(3, dtype=">f4"),
        "t": np.ones((2, 3)).T,
    }
    np.savez(tmp_path / "plain.npz", **arrays)
    np.savez_compressed(tmp_path / "small.npz", **arrays)
    for name in ("plain", "small"):
        found = mg.load(tmp_path / f"{name}.npz")
        assert list(found) == list(arrays) and {one.device.type for one in found.values()} == {
            device
        }
        assert [one.tolist() for one in found.values()] == [one.tolist() for one in arrays.values()]
        assert [one.dtype.name for one in found.values()] == [
            "float64",
            "int64",
            "float32",
            "float64",
        ]
    zipfile.ZipFile(tmp_path / "empty.npz", "w").close()
    assert mg.load(tmp_path / "empty.npz") == {}


def safetensors_file(header, content=b""):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def test_safetensors_of_others_load_in_their_order():
    header = {
        "__metadata__": {"format": "pt"},
        "z": {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]},
        "a": {"dtype": "U16", "shape": [], "data_offsets": [4, 6]},
        "half": {"dtype": "BF16", "shape": [3, 1], "data_offsets": [6, 12]},
    }
    half = np.array([0x3FC0, 0xFF80, 0x7FC1], "<u2")
    found = load_bytes(safetensors_file(header, b"\5\0\0\0" + b"\7\0" + half.tobytes()))
    assert list(found) == ["z", "a", "half"]
    assert (found["z"].tolist(), found["a"].item(), found["a"].dtype) == ([5], 7, mg.int64)
    assert found["half"].dtype == mg.float32 and found["half"].shape == (3, 1)
    assert bits(found["half"]).view("u4").ravel().tolist() == [0x3FC00000, 0xFF800000, 0x7FC10000]
    del header["__metadata__"]
    assert list(load_bytes(safetensors_file(header, bytes(12)))) == ["z", "a", "half"]


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zip_of(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return file.getvalue()


F8 = {"w": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}
LATER = {"__metadata__": {"minigrad": '{"format": 2, "crc32": "00000000", "object": 1}'}}
STRANGE = {"__metadata__": {"minigrad": "[]"}}
IS_A_PICKLE = (
    "is a pickle, or has one in it, which can run any program .* safetensors.torch.save_file"
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello", "is neither a safetensors file nor an npz archive: it begins with b'hello'"),
        (bytes(1000), "is neither"),
        (npy(np.ones(3)), r"is neither .* begins with b.\\x93NUMPY"),
        (tar(), "is neither"),
        *((pickle.dumps({"w": [1.0, "a"]}, protocol), IS_A_PICKLE) for protocol in range(6)),
        (pickle.dumps({"w": [1.0, "a"]}, 4)[:-5], IS_A_PICKLE),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", IS_A_PICKLE),  # torch.save before version 1.6
        (zip_of("model/data.pkl", "model/data/0"), IS_A_PICKLE),  # and since
        (zip_of("data.pkl"), IS_A_PICKLE),
        (zip_of("a.npy", "read.me"), r"has an array 'a.npy' that cannot be read"),
        (zip_of("read.me"), r"is a zip archive of other things than arrays: 'read.me'"),
        (npz(w=np.array([None, "x"])), r"has an array 'w.npy' that cannot be read: Object arrays cannot be loaded"),
        (npz(w=np.ones(1, complex)), r"has an array 'w' of dtype complex128, which minigrad has no tensors of"),
        (npz(w=np.array(["a"])), r"has an array 'w' of dtype <U1"),
        (npz(w=np.ones(1, "u8")), r"has an array 'w' of dtype uint64"),
        (npz(__minigrad__=np.ones(3)), "is cut off or damaged"),
        (safetensors_file(F8, b"\0"), r"has a tensor 'w' in F8_E4M3, which NumPy does not have; convert it"),
        (safetensors_file(LATER), r"is in format 2, this version of minigrad reads format 1: update minigrad"),
        (safetensors_file(STRANGE), "is cut off or damaged"),
        (safetensors_file({"w": 1}), "is cut off or damaged"),
        ((5000).to_bytes(8, "little") + b"{" + b"[" * 4999, "is cut off or damaged"),
        (safetensors_file({"__metadata__": {"minigrad": "[" * 10_000}}), "is cut off or damaged"),
    ],
)  # fmt: skip
def test_other_files_are_refused(content, words, tmp_path):
    path = tmp_path / "some.file"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=words) as caught:
        mg.load(path)
    assert str(caught.value).startswith(f"load: {str(path)!r} ") and isinstance(
        caught.value, RuntimeError
    )


def test_no_pickle_is_ever_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    array = np.array([Bomb()])
    for content in (
        pickle.dumps(Bomb()),
        pickle.dumps(Bomb(), 0),
        npz(w=array),
        npz(__minigrad__=array),
        npy(array),
    ):
        with pytest.raises(CheckpointError):
            load_bytes(content)
    assert os.listdir(tmp_path) == []


SMALL = {"w": mg.tensor([1.5, 2.5]), "n": [3, (0.25, None)], "b": np.array([True, False])}


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_file_cut_off_anywhere_is_refused(kind):
    content = saved(SMALL, kind)
    assert_same(load_bytes(content), SMALL)
    for length in range(len(content)):
        with pytest.raises(CheckpointError):
            load_bytes(content[:length])


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_flipped_bit_is_noticed_or_does_not_matter(kind):
    content = bytearray(saved(SMALL, kind))
    refused = 0
    for place in range(len(content)):
        for bit in range(8):
            content[place] ^= 1 << bit
            try:
                found = load_bytes(bytes(content))
            except CheckpointError:
                refused += 1
            else:  # padding, a date in the archive
                assert_same(found, SMALL)
            content[place] ^= 1 << bit
    assert refused > (0.9 if kind == "safetensors" else 0.6) * 8 * len(content)


@given(content=st.binary(max_size=64))
@pytest.mark.parametrize(
    "start", [b"", b"PK\x03\x04", b"PK\x05\x06", b"\x10\0\0\0\0\0\0\0{", b"\x80\x04"]
)
def test_random_bytes_are_refused(start, content):
    if start + content:
        with pytest.raises(CheckpointError):
            load_bytes(start + content)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_an_array_added_later_is_noticed(kind):
    content = saved({"w": mg.ones(1)}, kind)
    file = io.BytesIO()
    if kind == "npz":
        arrays = dict(np.load(io.BytesIO(content)))
        np.savez(file, **arrays, more=np.ones(1))
    else:
        text, arrays = formats.read(content)
        formats.write_safetensors(file, text, arrays | {"more": np.ones(1)})
    with pytest.raises(CheckpointError, match="is damaged: its content does not fit its checksum"):
        load_bytes(file.getvalue())


# What is refused ----------------------------------------------------------------------------------------


class Colour(enum.IntEnum):
    RED = 1


def inside_itself():
    obj = {"list": []}
    obj["list"].append(obj)
    return obj


MODEL = nn.Linear(2, 2)
Pair = collections.namedtuple("Pair", "a b")
LIST = "a checkpoint holds tensors, NumPy arrays, numbers, strings, bytes, None, and dicts, lists and tuples"
REFUSED = [
    (MODEL, TypeError, r"save: the object is of type Linear; save its state_dict\(\)"),
    ({"a": [MODEL]}, TypeError, r"save: a\.0 is of type Linear; save its state_dict\(\)"),
    ({"opt": optim.SGD(MODEL.parameters(), lr=1)}, TypeError, r"save: opt is of type SGD; save its state_dict\(\)"),
    ({"rng": mg.default_generator}, TypeError, r"save: rng is of type Generator; save its get_state\(\)"),
    ({"opt": {"state": {0: {"hook": len}}}}, TypeError, rf"save: opt\.state\.0\.hook is of type builtin_.*; {LIST}"),
    ({"c": nn.Linear}, TypeError, "save: c is of type type; a class cannot be saved"),
    ({"s": {1, 2}}, TypeError, f"save: s is of type set; {LIST}"),
    ({"z": 1j}, TypeError, "save: z is of type complex"),
    ({"e": Colour.RED}, TypeError, "save: e is of type Colour; save it as a plain int"),
    ({"h": collections.defaultdict(list)}, TypeError, "save: h is of type defaultdict; save it as a plain dict"),
    ({"p": Pair(1, 2)}, TypeError, "save: p is of type Pair; save it as a plain tuple"),
    ({"a": np.array([1j])}, TypeError, "save: a is of type ndarray of dtype complex128"),
    ({"a": np.array([None])}, TypeError, "save: a is of type ndarray of dtype object"),
    ({"a": np.array(["x"])}, TypeError, "save: a is of type ndarray of dtype <U1"),
    ({"a": np.ma.array([1])}, TypeError, "save: a is of type MaskedArray of dtype int64"),
    ({"a": np.str_("x")}, TypeError, "save: a is of type str_ of dtype <U1"),
    ({"a": np.datetime64("2020")}, TypeError, "save: a is of type datetime64 of dtype"),
    ({"a": {(1, 2): 3}}, TypeError, r"save: a has the key \(1, 2\) of type tuple; keys have to be strings or integers"),
    ({True: 3}, TypeError, "save: the object has the key True of type bool"),
    (inside_itself(), ValueError, r"save: list\.0\.list\.0\.\.\. is nested more than 50 deep; does it contain itself"),
]  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("obj", "error", "words"), REFUSED, ids=[words[:40] for _, _, words in REFUSED]
)
def test_what_a_file_does_not_hold_is_refused_and_nothing_written(
    obj, error, words, suffix, tmp_path
):
    path = tmp_path / f"x.{suffix}"
    mg.save("old", path)
    with pytest.raises(error, match=words):
        mg.save(obj, path)
    assert mg.load(path) == "old" and os.listdir(tmp_path) == [path.name]
    file = io.BytesIO()
    with pytest.raises(error, match=words):
        mg.save(obj, file, format=suffix)
    assert file.getvalue() == b""


def test_wrong_arguments(tmp_path):
    with pytest.raises(
        TypeError, match=r"save\(obj, f\): f has to be a path, or a file .* got dict"
    ):
        mg.save("model.npz", {"w": mg.ones(1)})
    with open(tmp_path / "text", "w+") as file:
        with pytest.raises(TypeError, match=r"binary mode \('wb'\), got TextIOWrapper"):
            mg.save({}, file)
        with pytest.raises(TypeError, match=r"binary mode \('rb'\), got TextIOWrapper"):
            mg.load(file)
    mg.save({"w": mg.ones(300)}, tmp_path / "text")  # its bytes are no UTF-8
    with open(tmp_path / "text", encoding="utf-8") as file:
        with pytest.raises(TypeError, match=r"binary mode \('rb'\), got TextIOWrapper"):
            mg.load(file)
    with pytest.raises(TypeError, match=r"load\(f\): f has to be a path, .* got dict"):
        mg.load({})
    with pytest.raises(ValueError, match="format has to be 'safetensors' or 'npz', got 'hdf5'"):
        mg.save({}, tmp_path / "x", format="hdf5")
    with pytest.raises(FileNotFoundError):
        mg.load(tmp_path / "missing.npz")
    assert os.listdir(tmp_path) == ["text"]


def test_without_the_package_safetensors(tmp_path, monkeypatch):
    mg.save("old", tmp_path / "x.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    words = r'need the package safetensors, which is not installed: pip install "minigrad-autograd\[io\]"'
    with pytest.raises(ImportError, match=words):
        mg.save("new", tmp_path / "x.safetensors")
    with pytest.raises(ImportError, match=words):
        mg.load(tmp_path / "x.safetensors")
    assert os.listdir(tmp_path) == ["x.safetensors"]
    mg.save("new", tmp_path / "x.npz")
    assert mg.load(tmp_path / "x.npz") == "new"


def test_python_values_too_long_for_safetensors(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "LONGEST_HEADER", 1000)
    with pytest.raises(
        ValueError, match=r"take \d+ bytes, a safetensors file has room for 1000; make long lists"
    ):
        mg.save([0.5] * 500, tmp_path / "x.safetensors")
    assert os.listdir(tmp_path) == []


def test_nothing_optional_is_imported_with_minigrad():
    code = "import sys, minigrad; sys.exit('safetensors' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# The old file or the new one ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_error_in_the_middle_leaves_the_old_file(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"x.{suffix}"
    mg.save("old", path)

    def full_disk(file, text, arrays):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(formats.WRITERS, suffix, full_disk)
    with pytest.raises(OSError, match="No space left"):
        mg.save("new", path)
    assert mg.load(path) == "old" and os.listdir(tmp_path) == [path.name]


def test_the_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, name=name, original=original: (calls.append(name), original(*a))
        )
    mg.save({"w": mg.ones(2)}, tmp_path / "x.npz")
    assert calls[:2] == ["fsync", "replace"]
    assert calls[2:] == (["fsync"] if os.name == "posix" else [])  # the folder


@ON_POSIX
def test_permissions_are_those_of_an_ordinary_file(tmp_path):
    path = tmp_path / "x.npz"
    mask = os.umask(0o027)
    try:
        mg.save(1, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        mg.save(2, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(mask)


@ON_POSIX
def test_a_link_goes_on_pointing_at_its_file(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "last.npz").symlink_to("there/epoch-1.npz")
    for n in (1, 2):  # the file is made, then replaced
        mg.save(n, tmp_path / "last.npz")
        assert (tmp_path / "last.npz").is_symlink() and mg.load(
            tmp_path / "there" / "epoch-1.npz"
        ) == n
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["epoch-1.npz", "last.npz", "there"]


@ON_POSIX
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_pipe_is_written_to_not_replaced(suffix, tmp_path):
    path = tmp_path / f"pipe.{suffix}"
    os.mkfifo(path)
    received = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()), daemon=True)
    reader.start()
    mg.save({"w": mg.ones(2)}, path)
    assert stat.S_ISFIFO(path.stat().st_mode) and os.listdir(tmp_path) == [path.name]
    reader.join(timeout=10)
    assert load_bytes(received[0])["w"].tolist() == [1.0, 1.0]


def test_where_open_would_fail_so_does_save(tmp_path, monkeypatch):
    with pytest.raises(OSError):
        mg.save(1, tmp_path)
    with pytest.raises(
        FileNotFoundError, match="there is no such folder; make it first: .*nowhere"
    ):
        mg.save(1, tmp_path / "nowhere" / "x.npz")
    mg.save(1, tmp_path / "best.npz")
    (tmp_path / "best.npz").chmod(0o444)
    if os.access(tmp_path / "best.npz", os.W_OK):
        pytest.skip("this user may write to any file")
    with pytest.raises(PermissionError):
        mg.save(2, tmp_path / "best.npz")
    assert mg.load(tmp_path / "best.npz") == 1


def test_what_a_kill_left_is_cleared_away_once_it_is_old(tmp_path):
    now = time.time()
    names = {
        ".minigrad-0123456789abcdef.tmp": 2 * files.STALE,  # goes
        ".minigrad-0123456789abcde0.tmp": 10,  # somebody may be writing it
        ".minigrad-mine.tmp": 2 * files.STALE,
        "old.npz": 2 * files.STALE,
    }
    for name, age in names.items():
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (now - age, now - age))
    mg.save(1, tmp_path / "new.npz")
    assert sorted(os.listdir(tmp_path)) == sorted([*list(names)[1:], "new.npz"])


def test_several_may_save_under_one_name(tmp_path):
    path = tmp_path / "x.npz"
    states = [{"n": n, "w": mg.full((5000,), float(n))} for n in range(4)]
    errors = []

    def save_often(state):
        try:
            for _ in range(10):
                mg.save(state, path)
                assert mg.load(path)["w"].shape == (5000,)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=save_often, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = mg.load(path)
    assert_same(found, states[found["n"]])
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_change_while_saving_does_not_spoil_the_file(monkeypatch):
    weight = mg.ones(3)
    original = packing._checksum

    def then_train_on(text, arrays):
        found = original(text, arrays)
        weight.add_(1)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(packing, "_checksum", then_train_on)
        content = saved({"w": weight}, "npz")
    assert load_bytes(content)["w"].tolist() == [1.0, 1.0, 1.0] and weight.tolist() == [
        2.0,
        2.0,
        2.0,
    ]


KILLER = """
import itertools, json, os, random, signal, sys, time
import minigrad as mg

path, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)


def checkpoint(n):
    return {"n": n, "parts": [mg.full((150_000,), float(10 * n + i)) for i in range(4)]}


both = [checkpoint(0), checkpoint(1)]
started = time.perf_counter()
mg.save(both[0], path)
duration = time.perf_counter() - started
whole = os.path.getsize(path)
found = both[0]
report = {"kills": 0, "in the middle": 0, "half written": 0, "versions": [0, 0]}
for _ in range(kills):
    writer = os.fork()
    if writer == 0:
        try:
            for n in itertools.count(found["n"] + 1):
                mg.save(both[n % 2], path)
        finally:
            os._exit(1)
    time.sleep(chance.uniform(0, 4 * duration))
    os.kill(writer, signal.SIGKILL)
    _, status = os.waitpid(writer, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    report["kills"] += 1
    found = mg.load(path)
    assert len(found["parts"]) == 4
    assert all(mg.equal(a, b) for a, b in zip(found["parts"], both[found["n"]]["parts"]))
    report["versions"][found["n"]] += 1
    folder = os.path.dirname(path)
    for name in os.listdir(folder):
        if name.endswith(".tmp"):
            left = os.path.join(folder, name)
            report["in the middle"] += 1
            report["half written"] += os.path.getsize(left) < whole
            os.unlink(left)
print(json.dumps(report))
"""


@ON_POSIX
@pytest.mark.parametrize("kills", [20, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_kill_9_at_any_moment_leaves_a_whole_checkpoint(suffix, kills, tmp_path):
    seed = random.randrange(2**32)
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path / f"x.{suffix}"), str(kills), str(seed)],
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stderr}"
    report = json.loads(done.stdout)
    assert report["kills"] == kills and all(report["versions"]), report
    assert report["in the middle"] and (kills < 100 or report["half written"]), report


# Going on with a run ------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD with momentum": lambda p: optim.SGD(
        p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4
    ),
    "Adam with amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
}


class Run:
    """A training with all that has a state: batch norm, dropout, shuffling, momentum, a falling rate."""

    def __init__(self, optimizer):
        inputs = mg.randn(50, 4)
        self.loader = data.DataLoader(
            data.TensorDataset(inputs, inputs[:, :1] ** 2), batch_size=16, shuffle=True
        )
        self.model = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1)
        )
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        self.scheduler = optim.lr_scheduler.CosineAnnealingWarmRestarts(self.optimizer, 3)
        self.epoch, self.losses = 0, []

    def train(self, epochs, batches=None):
        """Train up to that epoch, or stop as if the power failed after so many batches in all."""
        while self.epoch < epochs:
            for x, y in self.loader:
                loss = ((self.model(x) - y) ** 2).mean()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                self.losses.append(loss.item())
                if len(self.losses) == batches:
                    return self
            self.scheduler.step()
            self.epoch += 1
        return self

    def state(self):
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "loader": self.loader.state_dict(),
            "rng": mg.get_rng_state(),
            "epoch": self.epoch,
            "losses": self.losses,
        }

    def resume(self, state):
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.loader.load_state_dict(state["loader"])
        mg.set_rng_state(state["rng"])
        self.epoch, self.losses = state["epoch"], state["losses"]
        return self


@pytest.mark.parametrize("batches", [6, 8], ids=["in the middle of an epoch", "at the end of one"])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_equals_one_without_a_break(device, optimizer, suffix, batches, tmp_path):
    mg.manual_seed(3)
    unbroken = Run(optimizer).train(4).state()

    mg.manual_seed(3)
    mg.save(Run(optimizer).train(4, batches).state(), tmp_path / f"x.{suffix}")
    mg.manual_seed(3)
    again = Run(optimizer)  # the same data; all else comes from the file
    mg.rand(99)
    with mg.no_grad():
        for parameter in again.model.parameters():
            parameter.add_(1)
    assert_same(again.resume(mg.load(tmp_path / f"x.{suffix}")).train(4).state(), unbroken)


IN_ANOTHER_PROCESS = """
import sys

sys.path.insert(0, sys.argv[1])
import minigrad as mg
from test_checkpoints import Run

mg.manual_seed(3)
run = Run("Adam with amsgrad").resume(mg.load(sys.argv[2]))
mg.save(run.train(4).state(), sys.argv[2])
"""


def test_a_run_is_resumed_by_another_process(tmp_path):
    path = tmp_path / "run.safetensors"
    mg.manual_seed(3)
    mg.save(Run("Adam with amsgrad").train(4, batches=7).state(), path)
    mg.manual_seed(3)
    unbroken = Run("Adam with amsgrad").train(4).state()
    here = str(Path(__file__).parent)
    subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, here, str(path)], check=True, timeout=120
    )
    assert_same(mg.load(path), unbroken)
