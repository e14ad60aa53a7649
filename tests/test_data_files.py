"""Data in files: the digits in the package, and MNIST, the treebank and names in a folder."""

import gzip
import hashlib
import os
import random

import numpy as np
import pytest

import minigrad as mg
from minigrad import data

LOADERS = {
    "train-images-idx3-ubyte": data.load_mnist,
    "stsa.binary.train": lambda folder=None: data.load_sst(folder=folder),
    "names.txt": data.load_names,
}


@pytest.fixture(autouse=True)
def no_folder(request, monkeypatch):
    """Forget the folder of this machine, but for tests that ask for it."""
    if "data_folder" not in request.fixturenames:
        monkeypatch.delenv("MINIGRAD_DATA", raising=False)


# Where files are looked for -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "load"), LOADERS.items(), ids=LOADERS)
def test_missing_files_are_named(name, load, tmp_path, monkeypatch):
    with pytest.raises(
        FileNotFoundError, match=rf"no folder to look for {name} in: .*MINIGRAD_DATA"
    ):
        load()
    with pytest.raises(FileNotFoundError) as caught:
        load(tmp_path)
    words = str(caught.value)
    assert f"no file {name} or {name}.gz in {tmp_path} or {tmp_path}{os.sep}" in words
    assert "argument folder" in words and "MINIGRAD_DATA" in words
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("subfolder", ["", "names"])
def test_files_are_found(subfolder, packed, tmp_path, monkeypatch):
    folder = tmp_path / subfolder
    folder.mkdir(exist_ok=True)
    write(folder / "names.txt", b"emma\nava\n", packed)
    for given in (tmp_path, str(tmp_path)):
        assert data.load_names(given) == ["emma", "ava"]
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    assert data.load_names() == ["emma", "ava"]


def test_a_folder_that_is_given_counts_before_the_variable(tmp_path, monkeypatch):
    write(tmp_path / "names.txt", b"emma")
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "nowhere"))
    assert data.load_names(tmp_path) == ["emma"]


def write(path, content, packed=False):
    if packed:
        path = path.with_name(f"{path.name}.gz")
        content = gzip.compress(content, mtime=0)
    path.write_bytes(content)


# MNIST --------------------------------------------------------------------------------------------------

IMAGES = np.arange(3 * 28 * 28, dtype=np.uint8).reshape(3, 28, 28)
LABELS = np.array([7, 0, 9], np.uint8)


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_mnist(folder, images=None, labels=None, packed=False):
    for part in ("train", "t10k"):
        write(
            folder / f"{part}-images-idx3-ubyte", idx(IMAGES) if images is None else images, packed
        )
        write(
            folder / f"{part}-labels-idx1-ubyte", idx(LABELS) if labels is None else labels, packed
        )


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("subfolder", [".", "mnist", "MNIST/raw"])
def test_mnist(subfolder, packed, tmp_path, device):
    folder = tmp_path / subfolder
    folder.mkdir(parents=True, exist_ok=True)
    write_mnist(folder, packed=packed)
    for train in (True, False):
        images, labels = data.load_mnist(tmp_path, train)
        assert images.dtype == mg.uint8 and labels.dtype == mg.int64
        assert str(images.device) == str(labels.device) == device
        assert (images.cpu().numpy() == IMAGES).all() and labels.tolist() == [7, 0, 9]
    images += 1  # memory of its own
    for part in data.mnist_split(tmp_path):
        inputs, labels = part.tensors
        assert inputs.shape == (3, 784) and inputs.dtype == mg.float32
        assert str(inputs.device) == device
        np.testing.assert_array_equal(
            inputs.cpu().numpy(), IMAGES.reshape(3, 784).astype(np.float32) / 255
        )
        assert labels.tolist() == [7, 0, 9]


WHOLE = idx(IMAGES)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (b"", "starts with the bytes , not 00000803"),
        (b"<html>not found</html>", "not an idx file with 3 dimensions: it starts with the bytes 3c68746d"),
        (idx(LABELS), "starts with the bytes 00000801, not 00000803"),
        (WHOLE[:10], "cut off within the header of 16 bytes"),
        (WHOLE[:-1], "2351 bytes after the header, which says that there are 3 x 28 x 28"),
        (WHOLE + b"x", "2353 bytes after the header"),
        (gzip.compress(WHOLE, mtime=0)[:-20], "damaged gzip file"),
        (gzip.compress(WHOLE, mtime=0)[:12], "damaged gzip file"),
        (b"\x1f\x8b" + WHOLE, "damaged gzip file"),
        (gzip.compress(WHOLE, mtime=0)[:30] + b"?" * 8 + gzip.compress(WHOLE, mtime=0)[38:], "damaged gzip file"),
    ],
)  # fmt: skip
def test_damaged_images_are_named(images, words, tmp_path):
    write_mnist(tmp_path, images)
    for load in (data.load_mnist, data.mnist_split):
        with pytest.raises(ValueError, match=words) as caught:
            load(tmp_path)
        assert str(tmp_path / "train-images-idx3-ubyte") in str(caught.value)


def test_images_and_labels_have_to_go_together(tmp_path):
    write_mnist(tmp_path, labels=idx(LABELS[:2]))
    with pytest.raises(
        ValueError, match="train-images-idx3-ubyte has 3 images, but .* has 2 labels"
    ):
        data.load_mnist(tmp_path)
    write_mnist(tmp_path, labels=WHOLE)
    with pytest.raises(
        ValueError, match="train-labels-idx1-ubyte: not an idx file with 1 dimensions"
    ):
        data.load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("train", "count", "checksum", "per_digit"),
    [
        (True, 60000, "6bbc9ace898e44ae57da46a324031adb", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]),
        (False, 10000, "2646ac647ad5339dbf082846283269ea", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    ],
)  # fmt: skip
def test_the_real_mnist(train, count, checksum, per_digit, data_folder):
    images, labels = data.load_mnist(data_folder, train)
    assert images.shape == (count, 28, 28) and labels.shape == (count,)
    content = b"".join(
        [bytes([0, 0, 8, 3]), np.array(images.shape, ">u4").tobytes(), images.numpy().tobytes()]
    )
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == checksum
    assert np.bincount(labels.numpy()).tolist() == per_digit


# The sentiment treebank -----------------------------------------------------------------------------------


def test_sst(tmp_path, device):
    (tmp_path / "sst").mkdir()
    text = "3 good \x85 film\n0 bad .\r\n4 naïve\n"
    write(tmp_path / "sst" / "stsa.fine.dev", text.encode())
    sentences, labels = data.load_sst("fine", "dev", tmp_path)
    assert sentences == ["good \x85 film", "bad .", "naïve"]
    assert labels.tolist() == [3, 0, 4] and labels.dtype == mg.int64
    assert str(labels.device) == device


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"1 good\n2 bad\n", r"line 2: expected a label from 0 to 1, a blank and a sentence, got '2 bad'"),
        (b"1 good\n\n0 bad\n", "line 2: .* got ''"),
        (b"good\n", "line 1: .* got 'good'"),
        (b"1\n", "line 1: .* got '1'"),
        (b"\xb2 x\n", "line 1"),
        (b"1 na\xefve\n", "not a text in UTF-8"),
    ],
)  # fmt: skip
def test_malformed_sentences_are_named(content, words, tmp_path):
    path = tmp_path / "stsa.binary.train"
    write(path, content.decode("latin-1").encode() if content[0] == 0xB2 else content)
    with pytest.raises(ValueError, match=words) as caught:
        data.load_sst(folder=tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("arguments", [("coarse", "train"), ("fine", "valid")])
def test_sst_names_what_there_is(arguments, tmp_path):
    with pytest.raises(ValueError, match=r"task has to be one of \['binary', 'fine'\] and split"):
        data.load_sst(*arguments, tmp_path)


@pytest.mark.parametrize(
    ("task", "split", "counts"),
    [
        ("binary", "train", [3310, 3610]),
        ("binary", "dev", [428, 444]),
        ("binary", "test", [912, 909]),
        ("fine", "train", [1092, 2218, 1624, 2322, 1288]),
        ("fine", "dev", [139, 289, 229, 279, 165]),
        ("fine", "test", [279, 633, 389, 510, 399]),
    ],
)
def test_the_real_sst(task, split, counts, data_folder):
    sentences, labels = data.load_sst(task, split, data_folder)
    assert len(sentences) == len(labels) == sum(counts)
    assert np.bincount(labels.numpy()).tolist() == counts
    if (task, split) == ("binary", "train"):
        assert len({word for sentence in sentences for word in sentence.split()}) == 14828


# Names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["", "two words", " emma", "emma.", "emma\t"])
def test_malformed_names_are_named(line, tmp_path):
    write(tmp_path / "names.txt", f"ava\n{line}\nolivia".encode())
    with pytest.raises(ValueError, match=r"names.txt, line 2: expected one name, got "):
        data.load_names(tmp_path)


def pairs_of_the_lecture(words, block_size, stoi):
    """The loop as makemore has it."""
    contexts, targets = [], []
    for word in words:
        context = [0] * block_size
        for character in word + ".":
            contexts.append(context)
            targets.append(stoi[character])
            context = [*context[1:], stoi[character]]
    return contexts, targets


@pytest.mark.parametrize("block_size", [1, 2, 3, 8])
@pytest.mark.parametrize("words", [["emma"], ["a", "olivia", "zz", "ava"], ["", "a"], []], ids=str)
def test_pairs_of_characters(words, block_size, device):
    stoi, itos = data.character_maps()
    assert stoi["."] == 0 and stoi["a"] == 1 and stoi["z"] == 26 and len(stoi) == 27
    assert all(itos[number] == character for character, number in stoi.items())
    contexts, targets = data.names_dataset(words, block_size).tensors
    expected = pairs_of_the_lecture(words, block_size, stoi)
    assert (contexts.tolist(), targets.tolist()) == expected
    assert contexts.shape == (len(targets), block_size)
    assert contexts.dtype == targets.dtype == mg.int64 and str(contexts.device) == device


def test_characters_of_ones_own():
    words = ["Zoë", "été"]
    stoi, itos = data.character_maps(words)
    assert list(stoi) == [".", "Z", "o", "t", "é", "ë"]
    contexts, targets = data.names_dataset(words, 2, stoi).tensors
    assert (contexts.tolist(), targets.tolist()) == pairs_of_the_lecture(words, 2, stoi)
    assert "".join(itos[number] for number in targets.tolist()) == "Zoë.été."
    with pytest.raises(ValueError, match=r"\['Z', 'ë'\] in 'Zoë' have no number: give stoi="):
        data.names_dataset(words)
    with pytest.raises(ValueError, match=r"\['.'\] in 'ab' have no number"):
        data.names_dataset(["ab"], stoi={"a": 0, "b": 1})
    with pytest.raises(ValueError, match="block_size has to be positive, got 0"):
        data.names_dataset(["ab"], block_size=0)


def test_the_split_of_the_lecture(data_folder):
    words = data.load_names(data_folder)
    assert len(words) == 32033 and words[:3] == ["emma", "olivia", "ava"]
    assert len(data.names_dataset(words)) == 228146
    random.Random(42).shuffle(words)
    n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
    parts = [data.names_dataset(part) for part in (words[:n1], words[n1:n2], words[n2:])]
    assert [part.tensors[0].shape for part in parts] == [(182625, 3), (22655, 3), (22866, 3)]


# The digits in the package ----------------------------------------------------------------------------------


def test_digits(device):
    images, labels = data.load_digits()
    assert images.shape == (1797, 8, 8) and images.dtype == mg.float32
    assert labels.shape == (1797,) and labels.dtype == mg.int64
    assert str(images.device) == str(labels.device) == device
    assert images.min().item() == 0 and images.max().item() == 16
    assert labels[:10].tolist() == list(range(10))


def test_digits_split_is_stratified_and_fixed(device):
    train, test = data.digits_split()
    assert (len(train), len(test)) == (1438, 359)
    counts = [np.bincount(part.tensors[1].cpu().numpy()) for part in (train, test)]
    assert np.abs(counts[1] - 0.2 * (counts[0] + counts[1])).max() <= 0.5
    inputs, labels = train.tensors
    assert inputs.shape == (1438, 64) and inputs.dtype == mg.float32 and labels.dtype == mg.int64
    assert inputs.min().item() == 0 and inputs.max().item() == 1
    mg.manual_seed(123)
    assert (data.digits_split()[1].tensors[0] == test.tensors[0]).all()
    assert not (data.digits_split(seed=1)[1].tensors[1] == test.tensors[1]).all()


def test_digits_split_divides_all_images():
    images, labels = data.load_digits()
    parts = data.digits_split(test_fraction=0.5, seed=3)
    rows = np.concatenate([part.tensors[0].numpy() for part in parts]) * 16
    found = np.sort(rows.view("V256").ravel())
    whole = np.sort(np.ascontiguousarray(images.numpy().reshape(-1, 64)).view("V256").ravel())
    assert (found == whole).all() and sum(map(len, parts)) == len(labels)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5])
def test_digits_split_refuses(fraction):
    with pytest.raises(ValueError, match="between 0 and 1"):
        data.digits_split(fraction)
