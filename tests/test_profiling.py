"""``mg.profile``: what it lists, and that it leaves everything as it was."""

import contextvars
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import minigrad as mg
from minigrad import engine, nn, optim, profiling
from minigrad.observing import members
from minigrad.profiling import Average, Averages


def rows(profile, group_by="operation"):
    return {row.key: row for row in profile.key_averages(group_by)}


def test_each_operation_has_a_row_with_its_calls_and_times(device):
    x = mg.ones(5, 4, requires_grad=True)
    with mg.profile() as p:
        for _ in range(3):
            (x.exp() * 2.0).sum().backward()
    found = rows(p)
    assert {name: row.calls for name, row in found.items()} == {"exp": 3, "mul": 3, "sum": 3}
    assert all(row.forward > 0 and row.backward > 0 and row.step == 0 for row in found.values())
    assert sum(row.total for row in found.values()) < p.seconds


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless a test moves it: ``clock.now += 1``."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(profiling, "perf_counter", lambda: clock.now)
    return clock


@pytest.fixture
def slow(clock):
    """An operation that takes 2 seconds forward and 4 backward."""

    @mg.op
    def slow(xp, x):
        clock.now += 2
        return 2.0 * x

    def rule(xp, g):
        clock.now += 4
        return 2.0 * g

    return slow.vjp(x=rule)


def test_time_is_counted_where_it_is_spent(clock, slow):
    x = mg.ones(3, requires_grad=True)
    x.register_hook(lambda g: None)
    with mg.profile() as p:
        clock.now += 1
        y = slow(x.exp()).sum()
        clock.now += 16
        y.backward()
        clock.now += 32
    clock.now += 64
    found = rows(p)
    assert (found["slow"].forward, found["slow"].backward) == (2, 4)
    assert found["exp"].total == found["sum"].total == 0
    assert p.seconds == 1 + 2 + 16 + 4 + 32


def test_time_in_modules_and_optimizers_is_their_own(clock, slow):
    class Twice(nn.Module):
        def forward(self, x):
            clock.now += 8  # Python around the operation
            return slow(slow(x))

    class Late(optim.Optimizer):
        def step(self, closure):
            clock.now += 16
            closure()
            clock.now += 32

    x = mg.ones(3, requires_grad=True)
    with mg.profile() as p:
        Late([x]).step(lambda: Twice()(x).sum().backward())
    found = rows(p)
    assert (found["slow"].calls, found["slow"].forward, found["slow"].backward) == (2, 4, 8)
    assert found["Late.step"].step == 8 + 16 + 32
    assert rows(p, "module")["Twice"].total == 12
    assert p.seconds == sum(row.total for row in found.values())


def test_operations_of_a_recorded_sweep_are_not_counted_twice(clock):
    @mg.op
    def slow_square(xp, x):
        clock.now += 1
        return x * x

    def rule(xp, g, x):
        clock.now += 2
        return slow_square(x) * g if xp is not np else g * x * 2.0

    slow_square.vjp(x=rule)
    x = mg.ones(3, requires_grad=True)
    with mg.profile() as p:
        mg.autograd.grad(slow_square(x).sum(), x, create_graph=True)
    found = rows(p)["slow_square"]
    assert (found.calls, found.forward, found.backward) == (2, 2, 2)


@pytest.mark.parametrize(
    ("compute", "kept"),
    [
        (lambda x: x.exp(), {"exp": 400}),  # its output
        (lambda x: x * 3.0, {"mul": 0}),  # nothing
        (lambda x: x * x, {"mul": 0}),  # a leaf, which is there anyway
        (lambda x: x.exp().exp(), {"exp": 800}),
        (lambda x: x.exp() ** 2, {"exp": 400, "pow": 0}),  # both keep one array, and it counts once
        (lambda x: (x + 1.0) * (x + 2.0), {"add": 0, "mul": 800}),  # its inputs
        (lambda x: (x + 1.0).reshape(4, 25) * (x + 2.0).reshape(4, 25), {"mul": 800}),  # views
        (lambda x: mg.broadcast_to(x[:1], (100,)) * x.exp(), {"exp": 400, "mul": 0}),
        (lambda x: (0.01 * x).sum().exp(), {"exp": 0}),  # single numbers do not count
    ],
)
def test_bytes_kept_for_the_backward_pass(compute, kept):
    x = mg.ones(100, requires_grad=True)
    with mg.profile() as p:
        y = compute(x)
    found = rows(p)
    assert {name: found[name].kept for name in kept} == kept
    averages = p.key_averages()
    assert averages.peak == sum(row.kept for row in averages)
    assert y.requires_grad


def test_nothing_is_kept_without_gradients_and_the_peak_is_of_one_step():
    x = mg.ones(100, requires_grad=True)
    with mg.profile() as p:
        with mg.no_grad():
            x.exp()
        for _ in range(5):
            x.exp().sum().backward()
    assert rows(p)["exp"].calls == 6
    assert rows(p)["exp"].kept == 5 * 400
    assert p.key_averages().peak == 400


def test_operations_are_listed_by_module():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(3, 4)
            self.out = nn.Linear(4, 1)

        def forward(self, x):
            return self.out(self.hidden(x).tanh())

    net = Net()
    with mg.profile() as p:
        net(mg.ones(2, 3)).sum().backward()
    found = rows(p, "module")
    assert list(found) == ["Net > hidden: Linear", "Net", "Net > out: Linear", "(no module)"]
    assert found["Net"].kept == rows(p)["tanh"].kept == 2 * 4 * 4
    assert all(row.backward > 0 for row in found.values())


def test_steps_of_optimizers_have_a_row_without_the_operations_in_them():
    x = mg.ones(10, requires_grad=True)
    sgd, lbfgs = optim.SGD([x], lr=0.1), optim.LBFGS([x], max_iter=3)

    def closure():
        x.grad = None
        loss = (x.exp() - x).sum()
        loss.backward()
        return loss

    closure()
    with mg.profile() as p:
        sgd.step()
        sgd.step()
        lbfgs.step(closure)
    found = rows(p)
    assert (found["SGD.step"].calls, found["LBFGS.step"].calls) == (2, 1)
    assert found["SGD.step"].total == found["SGD.step"].step > 0
    assert found["exp"].calls > 1
    assert sum(row.total for row in found.values()) <= p.seconds
    assert {"SGD.step", "LBFGS.step"} < set(rows(p, "module"))


def test_table_sorts_and_limits():
    profile = Averages(
        [
            Average("relu", 3, 2e-3, 1e-3, kept=4_000),
            Average("linear", 2, 1e-3, 3e-3),
            Average("Adam.step", 1, step=0.5e-6),
        ],
        "operation",
        10e-3,
        4_000,
    )
    assert str(profile).splitlines() == [
        "operation  calls  forward  backward   total  share  kept",
        "--------------------------------------------------------",
        "linear         2     1 ms      3 ms    4 ms   40 %     -",
        "relu           3     2 ms      1 ms    3 ms   30 %  4 KB",
        "Adam.step      1        -         -  0.5 us    0 %     -",
        "--------------------------------------------------------",
        "10 ms in all, 3 ms of it (30 %) between these",
        "4 KB kept at one time",
    ]

    def order(sort_by):
        lines = profile.table(sort_by).splitlines()[2:5]
        return [line.split()[0] for line in lines]

    assert order("forward")[0] == order("kept")[0] == order("count")[0] == "relu"
    assert order("cpu_time_total") == order("total") == order("backward")
    assert order("key") == ["Adam.step", "linear", "relu"]
    short = profile.table("calls", row_limit=1)
    assert "relu" in short and "linear" not in short and "... and 2 more" in short
    assert "Adam" in profile.table(row_limit=-1)
    with pytest.raises(ValueError, match="cannot sort by 'speed'; there are 'key', 'calls'"):
        profile.table("speed")
    with pytest.raises(ValueError, match="group_by is 'operation' or 'module', not 'thread'"):
        mg.profile().key_averages("thread")


def test_printing_shows_the_table_also_while_it_runs():
    with mg.profile() as p:
        mg.ones(3).exp()
        assert "exp" in str(p)
    assert str(p) == repr(p) == p.table() == p.key_averages().table()
    assert str(mg.profile()).count("\n") == 4  # a table without rows


def test_blocks_inside_blocks_see_what_is_inside_them():
    x = mg.ones(3)
    with mg.profile() as outer:
        x.exp()
        with mg.profile() as inner:
            x.tanh()
        x.exp()
    assert {name: row.calls for name, row in rows(outer).items()} == {"exp": 2, "tanh": 1}
    assert set(rows(inner)) == {"tanh"}


def test_a_profile_entered_again_adds_up_and_cannot_be_inside_itself():
    p = mg.profile()
    for _ in range(2):
        with p:
            mg.ones(3).exp()
        mg.ones(3).exp()
    assert rows(p)["exp"].calls == 2
    with p, pytest.raises(RuntimeError, match="running already"):
        p.__enter__()
    seconds = p.seconds
    assert p.seconds == seconds  # its clock stands


def test_an_exception_ends_the_block_and_leaves_no_observer():
    x = mg.ones(2, requires_grad=True)
    with pytest.raises(ValueError), mg.profile() as p:  # noqa: PT012
        x.exp()
        x @ mg.ones(3)
    assert engine.state.get().observer is None
    assert rows(p)["exp"].calls == 1
    with p:
        x.exp().sum().backward()
    assert rows(p)["exp"].calls == 2
    with pytest.raises(ZeroDivisionError), mg.profile() as p:
        optim.SGD([x], lr=0.1).step(lambda: 1 / 0)
    assert rows(p)["SGD.step"].calls == 1


def test_modes_set_inside_the_block_last():
    with mg.profile() as p:
        mg.set_grad_enabled(False)
        mg.ones(3).exp()
    try:
        assert not mg.is_grad_enabled()
        assert engine.state.get().observer is None
    finally:
        mg.set_grad_enabled(True)
    assert rows(p)["exp"].calls == 1


@pytest.mark.filterwarnings("ignore:invalid value")
def test_it_goes_together_with_anomaly_detection_either_way_round():
    x = mg.tensor([-1.0], requires_grad=True)
    for blocks in (
        (mg.profile(), mg.autograd.detect_anomaly()),
        (mg.autograd.detect_anomaly(), mg.profile()),
    ):
        p = next(block for block in blocks if isinstance(block, mg.profile))
        with blocks[0], blocks[1]:
            x.exp()
            with mg.autograd.detect_anomaly(False):
                x.log()
            with pytest.raises(FloatingPointError, match="'sqrt'"):
                x.sqrt()
        assert {"exp", "log"} <= set(rows(p))
    assert engine.state.get().observer is None
    with mg.profile() as p:
        with mg.autograd.set_detect_anomaly(True):
            assert len(members(engine.state.get().observer)) == 2
        x.exp()
    assert rows(p)["exp"].calls == 1


def test_threads_are_seen_in_a_copy_of_the_context_and_not_otherwise():
    x = mg.ones(1000, requires_grad=True)

    def work():
        y = x.detach().requires_grad_()
        for _ in range(20):
            y.tanh().sum().backward()

    with mg.profile() as p:
        threads = [
            *(threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in "ab"),
            threading.Thread(target=lambda: mg.ones(3).sin()),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = rows(p)
    assert {name: row.calls for name, row in found.items()} == {"tanh": 40, "sum": 40}
    assert found["tanh"].kept == 40 * 4000
    assert p.key_averages().peak <= 2 * 4000


def test_results_are_the_same_bit_for_bit(device):
    def train():
        mg.manual_seed(0)
        model = nn.Sequential(
            nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)
        )
        optimizer = optim.Adam(model.parameters())
        x, y = mg.randn(16, 4), mg.randint(0, 3, (16,))
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        return [p.detach().to("cpu").numpy() for p in model.parameters()]

    plain = train()
    with mg.profile() as p:
        profiled = train()
    assert all(np.array_equal(a, b) for a, b in zip(plain, profiled, strict=True))
    assert rows(p)["Adam.step"].calls == 3


@pytest.mark.gpu
def test_operations_on_a_gpu_are_waited_for():
    x = mg.ones(4096, 4096, device="cuda")
    with mg.profile() as p:
        for _ in range(10):
            x @ x
    assert rows(p)["matmul"].forward > 5e-3  # asking for them takes a tenth of that
