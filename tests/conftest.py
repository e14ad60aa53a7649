"""What all tests share: the devices they run on, and a clean state around each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")  # before matplotlib is imported: no window is opened

import strict_backend
from hypothesis import HealthCheck, settings

import minigrad as mg
from minigrad import _printing, engine
from minigrad.backend import BackendUnavailable, Device, backend_for, devices

strict_backend.register()

collect_ignore = ["tools", "benchmarks", "scripts"]  # scripts, which need what the tests do not

# A function may draw its examples under the fixture ``device``: it is the same for all of them.
settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default")
)

DEVICES = ("cpu", "strict", pytest.param("cuda", marks=pytest.mark.gpu))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a GPU where there is none, saying what is missing."""
    needy = [item for item in items if item.get_closest_marker("gpu")]
    if not needy:
        return
    try:
        backend_for(Device("cuda"))
    except BackendUnavailable as error:
        for item in needy:
            item.add_marker(pytest.mark.skip(reason=str(error)))


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    """Each device in turn, as the default one: the host, the stand-in for CuPy, and the GPU."""
    mg.set_default_device(request.param)  # ``restored_state`` sets it back
    return request.param


@pytest.fixture
def transfers() -> strict_backend.Transfers:
    """The count of copies between the host and the device ``"strict"``."""
    return strict_backend.transfers


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of data sets that are not in the package; tests of them are skipped without it."""
    folder = os.environ.get("MINIGRAD_DATA")
    if not folder:
        pytest.skip("MINIGRAD_DATA is not set: it names the folder with the larger data sets")
    return Path(folder)


@pytest.fixture(autouse=True)
def restored_state() -> Iterator[None]:
    """Put back what a test may leave changed: defaults, modes, printing and random numbers."""
    dtype, place = mg.get_default_dtype(), devices._default_device
    mode, options = engine.state.get(), _printing.get_printoptions()
    numbers = mg.default_generator.get_state()
    yield
    mg.set_default_dtype(dtype)
    devices._default_device = place
    engine.state.set(mode)
    _printing.set_printoptions(**options)
    mg.default_generator.set_state(numbers)
