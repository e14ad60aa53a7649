"""Checkpoints beside PyTorch: each loads what the other saved, and refuses nothing it should read.

PyTorch is no dependency of the tests: without it, this file is skipped.
"""

import io

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.serialization import CheckpointError

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it is no test dependency)")
safetensors = pytest.importorskip("safetensors.torch", reason="the extra [io] is not installed")

DTYPES = ["float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"]


def model_of(library):
    nn = library.nn
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2))


def trained(library):
    """A model and its optimiser after two steps on the same data."""
    library.manual_seed(4)
    model, x = model_of(library), library.randn(6, 4)
    optimizer = library.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()
    return model, optimizer, x


def test_a_model_of_pytorch_loads_here(tmp_path):
    theirs, _, x = trained(torch)
    safetensors.save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    mine = model_of(mg)
    loaded = mg.load(tmp_path / "model.safetensors")
    assert str(mine.load_state_dict(loaded)) == "<All keys matched successfully>"
    for name, tensor in theirs.state_dict().items():
        assert mine.state_dict()[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    theirs.eval(), mine.eval()
    expected = theirs(x).detach().numpy()
    np.testing.assert_allclose(
        mine(mg.tensor(x.numpy())).detach().numpy(), expected, rtol=1e-5, atol=1e-6
    )


def test_a_model_of_minigrad_loads_there(tmp_path):
    mine, _, x = trained(mg)
    mg.save(mine.state_dict(), tmp_path / "model.safetensors")
    theirs = model_of(torch)
    loaded = safetensors.load_file(tmp_path / "model.safetensors")
    assert str(theirs.load_state_dict(loaded)) == "<All keys matched successfully>"
    for name, tensor in mine.state_dict().items():
        assert theirs.state_dict()[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    theirs.eval(), mine.eval()
    expected = mine(x).detach().numpy()
    np.testing.assert_allclose(
        theirs(torch.from_numpy(x.numpy())).detach().numpy(), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_shape_both_ways(dtype, shape):
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    found = mg.load(io.BytesIO(safetensors.save({"x": torch.from_numpy(numbers)})))["x"]
    assert (
        found.dtype == numbers.dtype and found.shape == shape and found.tolist() == numbers.tolist()
    )
    file = io.BytesIO()
    mg.save({"x": mg.tensor(numbers)}, file, format="safetensors")
    back = safetensors.load(file.getvalue())["x"]
    assert (
        back.dtype == getattr(torch, dtype)
        and back.shape == shape
        and back.tolist() == numbers.tolist()
    )


def test_bfloat16_becomes_float32_exactly():
    numbers = torch.tensor(
        [1.5, -3.0e38, 1e-40, float("inf"), float("nan"), 0.1], dtype=torch.bfloat16
    )
    found = mg.load(io.BytesIO(safetensors.save({"x": numbers})))["x"]
    assert found.dtype == mg.float32
    np.testing.assert_array_equal(found.numpy(), numbers.float().numpy())


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2", "complex64", "uint64"])
def test_dtypes_that_minigrad_has_not_are_named(dtype):
    numbers = torch.zeros(2, dtype=torch.float32).to(getattr(torch, dtype))
    with pytest.raises(CheckpointError, match="has an? (tensor|array) 'x'"):
        mg.load(io.BytesIO(safetensors.save({"x": numbers})))


@pytest.mark.parametrize(
    "options", [{}, {"_use_new_zipfile_serialization": False}, {"pickle_protocol": 4}]
)
@pytest.mark.parametrize("content", [{"w": torch.ones(2)}, {}, [1, 2]], ids=str)
def test_what_torch_save_writes_is_refused_as_a_pickle(content, options, tmp_path):
    torch.save(content, tmp_path / "model.pth", **options)
    with pytest.raises(CheckpointError, match=r"model\.pth' is a pickle, or has one in it"):
        mg.load(tmp_path / "model.pth")


def test_the_conversion_that_the_error_advises_works(tmp_path):
    torch.save(model_of(torch).state_dict(), tmp_path / "old.pth")
    safetensors.save_file(torch.load(tmp_path / "old.pth"), tmp_path / "new.safetensors")
    model_of(mg).load_state_dict(mg.load(tmp_path / "new.safetensors"))


def test_tied_weights_are_saved_twice_and_load_there(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    mg.save(model.state_dict(), tmp_path / "tied.safetensors")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))
    theirs[1].weight = theirs[0].weight
    theirs.load_state_dict(safetensors.load_file(tmp_path / "tied.safetensors"))
    assert theirs[1].weight.tolist() == model[0].weight.tolist()


def test_random_state_goes_both_ways():
    torch.manual_seed(1)
    torch.randn(3)
    mg.set_rng_state(mg.load(io.BytesIO(safetensors.save({"rng": torch.get_rng_state()})))["rng"])
    assert mg.rand(4).tolist() == torch.rand(4).tolist()
    file = io.BytesIO()
    mg.save({"rng": mg.get_rng_state()}, file, format="safetensors")
    torch.set_rng_state(safetensors.load(file.getvalue())["rng"])
    assert torch.rand(4).tolist() == mg.rand(4).tolist()
