"""Devices: their names, whether they can be used, moving between them, and what mixing them says."""

import copy
import pickle
import subprocess
import sys
import threading
import types

import numpy as np
import pytest
from strict_backend import StrictArray

import minigrad as mg
from minigrad import backend
from minigrad.backend import Backend, BackendUnavailable, devices
from minigrad.testing import assert_close, check_gradients

# Names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "index", "text"),
    [
        ("cpu", "cpu", None, "cpu"),
        ("cuda", "cuda", 0, "cuda:0"),
        ("cuda:1", "cuda", 1, "cuda:1"),
        ("cuda:12", "cuda", 12, "cuda:12"),
        ("strict", "strict", None, "strict"),
    ],
)
def test_device_from_its_name(name, kind, index, text):
    found = mg.device(name)
    assert (found.type, found.index, str(found)) == (kind, index, text)
    assert repr(found) == f"device('{text}')"
    assert mg.device(found) == found == mg.device(text) and hash(mg.device(text)) == hash(found)


def test_device_from_type_and_number():
    assert mg.device("cuda", 1) == mg.device("cuda:1") != mg.device("cuda:0")
    assert mg.device("cuda") == mg.device("cuda:0")


@pytest.mark.parametrize("name", ["gpu", "", "CUDA", "cud", "cuda1", "mps:0", None, 0, 1.5, "None"])
def test_unknown_device_says_what_there_is(name):
    with pytest.raises(
        ValueError, match=r"unknown device .*expected one of 'cpu', 'cuda'.*'cuda:N'"
    ):
        mg.device(name)


@pytest.mark.parametrize("name", ["cuda:x", "cuda:-1", "cuda:1.0", "cuda: 1", "cpu:0", "cpu:1"])
def test_bad_number_of_a_device(name):
    with pytest.raises(ValueError, match=f"bad device '{name}'.*number of a GPU"):
        mg.device(name)


def test_a_device_does_not_change_and_can_be_copied():
    found = mg.device("cuda:1")
    with pytest.raises(AttributeError, match="a device does not change: make another one to set"):
        found.index = 2
    with pytest.raises(AttributeError, match="a device does not change: index has to stay"):
        del found.index
    for same in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert same == found and (same.type, same.index) == ("cuda", 1)
    assert found != "cuda:1" and {found, mg.device("cuda", 1)} == {found}


def test_a_backend_has_all_its_facts_and_does_not_change():
    numpys = backend.backend_for(mg.device("cpu"))
    same, other = Backend(**vars(numpys)), Backend(**{**vars(numpys), "name": "other"})
    assert {numpys, same} == {numpys} and numpys != other
    assert repr(other).startswith("Backend(name='other', device_type='cpu', xp=<module 'numpy'")
    with pytest.raises(TypeError, match="missing 6 required keyword-only arguments: 'device_type'"):
        Backend(name="x")
    with pytest.raises(TypeError, match="unexpected keyword argument 'namespace'"):
        Backend(**vars(numpys), namespace=np)
    for change in (lambda: setattr(other, "xp", 5), lambda: delattr(other, "xp")):
        with pytest.raises(AttributeError, match="a backend does not change: .*xp"):
            change()
    assert other.xp is np
    with other.on_device(None):  # says where, if it was not said
        pass


def test_the_host_has_no_number():
    with pytest.raises(ValueError, match="bad device 'cpu'"):
        mg.device("cpu", 1)


def test_a_device_does_not_change():
    with pytest.raises(AttributeError):
        mg.device("cpu").type = "cuda"


# The default ----------------------------------------------------------------------------------------


def test_default_device(monkeypatch):
    monkeypatch.delenv("MINIGRAD_DEVICE", raising=False)
    assert mg.get_default_device() == mg.device("cpu") == mg.zeros(2).device
    mg.set_default_device("strict")
    for made in (mg.zeros(2), mg.tensor([1.0]), mg.tensor(np.ones(2)), mg.eye(2), mg.arange(3)):
        assert made.device == mg.device("strict")
    for made in (mg.rand(2), mg.randperm(3), mg.full((2,), 1.5), mg.as_tensor([1.0]), mg.Tensor(2)):
        assert made.device == mg.device("strict")
    assert mg.zeros(2, device="cpu").device == mg.device("cpu")
    mg.set_default_device(None)
    assert mg.zeros(2).device == mg.device("cpu")


def test_default_device_from_the_environment(monkeypatch):
    monkeypatch.setenv("MINIGRAD_DEVICE", "strict")
    assert mg.zeros(2).device == mg.get_default_device() == mg.device("strict")
    mg.set_default_device("cpu")  # what a program says goes first
    assert mg.zeros(2).device == mg.device("cpu")
    mg.set_default_device(None)
    assert mg.zeros(2).device == mg.device("strict")
    monkeypatch.setenv("MINIGRAD_DEVICE", "")
    assert mg.zeros(2).device == mg.device("cpu")


def test_wrong_name_in_the_environment(monkeypatch):
    monkeypatch.setenv("MINIGRAD_DEVICE", "gpu")
    with pytest.raises(ValueError, match="variable MINIGRAD_DEVICE: unknown device 'gpu'"):
        mg.zeros(2)


def test_environment_is_read_by_a_program_of_its_own():
    code = "import minigrad as mg; print(mg.get_default_device())"
    found = run(code, MINIGRAD_DEVICE="cuda:1")
    assert found == "cuda:1"


@pytest.mark.parametrize("name", ["gpu", "cuda:x", 3])
def test_default_device_that_is_wrong_changes_nothing(name):
    mg.set_default_device("strict")
    with pytest.raises(ValueError, match="device"):
        mg.set_default_device(name)
    assert mg.get_default_device() == mg.device("strict")


# Is there a GPU -------------------------------------------------------------------------------------


@pytest.fixture
def no_cupy_yet(monkeypatch):
    """As if nobody had asked for a GPU so far; put back afterwards."""
    tables = (devices._BACKENDS, devices._BACKEND_OF_TYPE, devices.NAMESPACES)
    before = [dict(table) for table in tables]
    devices._BACKENDS.pop("cuda", None)
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)


class FakeArray:
    """An array of a fake CuPy, made on the current device: it can be moved, and that is all."""

    def __init__(self, host, dtype=None):
        self.host = np.array(host, dtype=dtype)
        self.device = types.SimpleNamespace(id=FakeDevice.current)
        self.shape, self.dtype, self.ndim = self.host.shape, self.host.dtype, self.host.ndim
        self.base = None

    def __add__(self, other):
        return FakeArray(self.host + other)

    def sum(self):
        return FakeArray(self.host.sum())

    def item(self):
        return self.host.item()


class FakeDevice:
    current = 0
    synchronized = 0

    def __init__(self, index):
        self.index = index

    def __enter__(self):
        self.before, FakeDevice.current = FakeDevice.current, self.index

    def __exit__(self, *exc):
        FakeDevice.current = self.before

    def synchronize(self):
        FakeDevice.synchronized += 1


def fake_cupy(monkeypatch, count=2, kernel=None, import_error=None):
    """Put a module in CuPy's place that behaves as told; ``count`` may be an error to raise."""

    def answer(value):
        if isinstance(value, Exception):
            raise value
        return value

    module = types.ModuleType("cupy")
    module.__version__ = "14.2.0"
    module.ndarray = FakeArray
    module.arange = lambda n: answer(kernel) or FakeArray(np.arange(n))
    module.asarray = FakeArray
    module.array = lambda array: FakeArray(array.host)
    module.asnumpy = lambda array: array.host.copy()
    runtime = types.SimpleNamespace(getDeviceCount=lambda: answer(count))
    module.cuda = types.SimpleNamespace(runtime=runtime, Device=FakeDevice)
    monkeypatch.setitem(sys.modules, "cupy", module)


def message_of(call):
    with pytest.raises(BackendUnavailable) as caught:
        call()
    return str(caught.value)


def test_without_cupy(no_cupy_yet, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    message = message_of(lambda: mg.zeros(2, device="cuda"))
    assert message.startswith('device "cuda" needs CuPy, which is not installed')
    assert 'pip install "minigrad-autograd[gpu]"' in message and "[gpu-cuda12]" in message
    assert 'device "cpu" works without it' in message


def test_with_a_folder_called_cupy(no_cupy_yet, monkeypatch, tmp_path):
    (tmp_path / "cupy").mkdir()
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert "CuPy, which is not installed" in message_of(lambda: mg.zeros(2, device="cuda"))
    sys.modules.pop("cupy")


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libnvrtc.so.13: cannot open shared object file"),
        ModuleNotFoundError("No module named 'fastrlock'", name="fastrlock"),
    ],
)
def test_with_a_cupy_that_cannot_be_imported(no_cupy_yet, monkeypatch, error):
    def fail(name):
        raise error

    monkeypatch.setattr(devices.importlib, "import_module", fail)
    assert message_of(lambda: mg.zeros(2).cuda()) == f"CuPy cannot be imported: {error}"


def test_with_a_cupy_but_no_driver(no_cupy_yet, monkeypatch):
    """What CuPy's wheel does on a machine without a GPU: the import works, the first call fails."""
    fake_cupy(monkeypatch, count=RuntimeError("cudaErrorInsufficientDriver: CUDA driver version"))
    message = message_of(lambda: mg.tensor([1.0], device="cuda"))
    assert message.startswith(
        "CuPy 14.2.0 is installed but no usable NVIDIA GPU was found (cudaErr"
    )
    assert message.endswith('use device "cpu", or check the driver with nvidia-smi')


def test_with_a_driver_but_no_gpu(no_cupy_yet, monkeypatch):
    fake_cupy(monkeypatch, count=0)
    message = message_of(lambda: mg.tensor([1.0]).to("cuda:0"))
    assert message.startswith(
        "CuPy 14.2.0 is installed but this machine has no NVIDIA GPU; use dev"
    )


def test_with_a_gpu_that_runs_nothing(no_cupy_yet, monkeypatch):
    """CuPy's wheels bring no CUDA libraries: the count is right, and the first kernel fails."""
    fake_cupy(monkeypatch, kernel=RuntimeError("libnvrtc.so.13 not found"))
    message = message_of(lambda: mg.set_default_device("cuda"))
    assert "CuPy 14.2.0 sees 2 GPU(s) but cannot run a kernel (libnvrtc.so.13 not found)" in message
    assert 'pip install "cupy-cuda13x[ctk]"' in message
    assert mg.get_default_device() == mg.device("cpu")


def test_asking_is_no_error_and_answers_can_change(no_cupy_yet, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert not mg.cuda.is_available() and mg.cuda.device_count() == 0
    assert "numpy" in backend.available() and "cupy" not in backend.available()
    fake_cupy(monkeypatch)
    assert mg.cuda.is_available() and mg.cuda.device_count() == 2
    assert "cupy" in backend.available()


def test_with_a_gpu(no_cupy_yet, monkeypatch):
    fake_cupy(monkeypatch)
    x = mg.tensor([1.0, 2.0], device="cuda:1", requires_grad=True)
    assert x.device == mg.device("cuda:1") and x.is_cuda and type(x.array) is FakeArray
    assert mg.zeros(2).cuda().device == mg.device("cuda") == mg.device("cuda:0")
    assert mg.zeros(2).cuda(1).device == mg.zeros(2).to("cuda:1").device == mg.device("cuda:1")
    assert type(x.detach().cpu().array) is np.ndarray
    assert x.tolist() == [1.0, 2.0] and x.to("cuda:0").device == mg.device("cuda:0")
    assert repr(x.detach()) == "tensor([1., 2.], device='cuda:1')"
    mg.cuda.synchronize("cuda:1")
    assert FakeDevice.synchronized == 1
    message = message_of(lambda: mg.zeros(2, device="cuda:7"))
    assert message == "there is no GPU 7: this machine has 2"


def test_an_array_of_cupy_is_known_without_asking(no_cupy_yet, monkeypatch):
    fake_cupy(monkeypatch)
    monkeypatch.setattr(FakeArray, "__module__", "cupy._core.core")
    x = mg.as_tensor(FakeArray(np.ones(2)))
    assert x.device == mg.device("cuda:0")
    assert mg.tensor(x.array).device == mg.device("cuda:0")


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match="expected an array, got builtins.str"):
        backend.device_of("text")
    assert (
        not devices.is_array([1.0])
        and devices.is_array(np.float32(1))
        and devices.is_array(np.ones(2))
    )


def test_threads_may_ask_at_the_same_time(no_cupy_yet, monkeypatch):
    fake_cupy(monkeypatch)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(mg.zeros(1, device="cuda"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(x.is_cuda for x in found)


# Importing ------------------------------------------------------------------------------------------


def run(code, **environment):
    import os

    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_import_of_minigrad_imports_numpy_alone():
    code = """
import sys, numpy
before = {name.split(".")[0] for name in sys.modules}
import minigrad as mg
layer = mg.tensor([[1.0, 2.0]], requires_grad=True)
(layer @ layer.T).relu().sum().backward()
after = {name.split(".")[0] for name in sys.modules}
new = {name for name in after - before if name not in sys.stdlib_module_names}
print(*sorted(name for name in new if "cython" not in name))  # those are of numpy.random
"""
    assert run(code) == "minigrad"


def test_a_program_without_gpu_never_looks_for_cupy():
    code = """
import sys, importlib.abc
class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("cupy", "graphviz", "tqdm", "matplotlib", "pygraphviz", "torch"):
            raise SystemExit(f"{name} was looked for")
sys.meta_path.insert(0, Watch())
import minigrad as mg
x = mg.rand(4, 3, requires_grad=True)
x.softmax(-1).log().sum().backward()
print(x.grad.shape, mg.get_default_device())
"""
    assert run(code) == "Size([4, 3]) cpu"


# Moving ---------------------------------------------------------------------------------------------


def test_to_and_back(transfers):
    host = mg.tensor([[1.0, -2.0]], dtype=mg.float64)
    there = host.to("strict")
    assert type(there.array) is StrictArray and there.device == mg.device("strict")
    assert not there.is_cuda and (there.shape, there.dtype) == (host.shape, host.dtype)
    assert there.to("strict") is there and there.to(mg.device("strict")) is there
    assert host.cpu() is host and host.to("cpu") is host
    assert there.to("strict", copy=True) is not there
    count = transfers.to_host
    assert there.cpu().tolist() == [[1.0, -2.0]]
    assert transfers.to_host == count + 1
    there.mul_(2)
    assert host.tolist() == [[1.0, -2.0]] and there.tolist() == [[2.0, -4.0]]


def test_to_device_and_dtype_at_once():
    x = mg.tensor([1, 2]).to("strict", mg.float64)
    assert (x.device, x.dtype) == (mg.device("strict"), mg.float64)
    assert mg.zeros(1).to(x).device == x.device and mg.zeros(1).to(x).dtype == x.dtype
    assert mg.zeros(2, dtype=mg.float32).to(device="strict", dtype=mg.int64).dtype == mg.int64


def test_gradients_come_back_to_where_their_leaf_is():
    x = mg.tensor([0.3, 1.2], requires_grad=True)
    y = x.to("strict")
    assert y.requires_grad and not y.is_leaf
    (y * y).sum().cpu().backward()
    assert x.grad.device == mg.device("cpu")
    assert_close(x.grad, [0.6, 2.4], 1e-6)
    check_gradients(lambda x: (x.to("strict").sin() * 2).cpu().exp(), np.array([0.3, 1.2]))
    check_gradients(
        lambda x: (x.cpu().sin() * 2).to("strict").exp(), np.array([0.3]), device="strict"
    )


def test_numpy_asks_for_the_way_to_the_host():
    x = mg.ones(2, device="strict", requires_grad=True)
    with pytest.raises(TypeError, match=r"this tensor is on strict; use \.cpu\(\)\.numpy\(\)"):
        x.detach().numpy()
    with pytest.raises(RuntimeError, match=r"\.detach\(\)\.numpy\(\)"):
        x.numpy()
    with pytest.raises(TypeError, match=r"\.cpu\(\)\.numpy\(\)"):
        np.asarray(x.detach())
    assert x.numpy(force=True).tolist() == [1.0, 1.0]
    assert x.detach().cpu().numpy().tolist() == [1.0, 1.0]


def test_constants_are_made_where_their_model_is():
    x = mg.ones(2, 2, device="strict")
    for made in (
        mg.zeros_like(x),
        mg.rand_like(x),
        x.new_zeros(3),
        x.clone(),
        x.detach(),
        x[0],
        x.T,
    ):
        assert made.device == mg.device("strict")


# Mixing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: b - a,
        lambda a, b: a * b[0],
        lambda a, b: a @ b,
        lambda a, b: a < b,
        lambda a, b: a == b,
        lambda a, b: a**b,
        lambda a, b: mg.cat([a, b]),
        lambda a, b: mg.stack([b, a]),
        lambda a, b: mg.maximum(a, b),
        lambda a, b: mg.where(a > 0, b, b),
        lambda a, b: mg.where(b > 0, b, a),
        lambda a, b: a.masked_fill(b > 0, 1.0),
        lambda a, b: mg.einsum("ij,jk->ik", a, b),
        lambda a, b: mg.tensordot(a, b, 1),
        lambda a, b: mg.allclose(a, b),
        lambda a, b: a.clamp(min=b),
        lambda a, b: a.gather(0, b.long()),
        lambda a, b: a.index_add(0, mg.tensor([0, 1]).to("strict"), b),
        lambda a, b: a.scatter_add(0, mg.zeros(2, 2, dtype=mg.int64).to("strict"), b),
        lambda a, b: b[a.long()],
        lambda a, b: a.add_(b),
        lambda a, b: a.__iadd__(b),
        lambda a, b: a.__setitem__(0, b[0]),
        lambda a, b: a.addcmul_(b, b),
        lambda a, b: mg.autograd.backward(a.requires_grad_() * 2, b),
        lambda a, b: setattr(a, "grad", b),
        lambda a, b: a.cpu() + b + a,
        lambda a, b: a + b.numpy(),
        lambda a, b: b.numpy() * a,
    ],
)
def test_mixing_devices_names_both(mix):
    a, b = mg.ones(2, 2, device="strict"), mg.ones(2, 2)
    with pytest.raises(RuntimeError, match="(?s)(cpu.*strict|strict.*cpu)") as caught:
        mix(a, b)
    assert "on" in str(caught.value)
    assert a.tolist() == b.tolist() == [[1.0, 1.0], [1.0, 1.0]] and a.grad is None


def test_python_numbers_and_host_indices_mix_with_every_device(device):
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert_close(1 + x * 2.0 - True, [[2.0, 4.0], [6.0, 8.0]])
    assert x[[1, 0]].tolist() == x[np.array([1, 0])].tolist() == [[3.0, 4.0], [1.0, 2.0]]
    assert x[np.int64(1), mg.tensor(0, device="cpu")].item() == 3.0
    assert x[np.array([True, False])].tolist() == [[1.0, 2.0]]
    assert x.index_select(0, mg.tensor([1])).tolist() == [[3.0, 4.0]]
    x[0] = np.array([7.0, 8.0])
    x[1] = mg.tensor(0.5, device="cpu")
    assert x.tolist() == [[7.0, 8.0], [0.5, 0.5]]
