"""Bundling parameters is an optimisation that nobody can observe: the same bits, whatever happens.

Every test here runs a scenario twice: with an optimiser as it is, which gathers small parameters and
cuts large ones, and with one that updates each parameter alone, in its shape.
"""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import versions
from minigrad.optim import SGD, Adam, AdamW, Momentum, NAdam, bundles, launched
from minigrad.optim.bundles import Apart, Gathered
from minigrad.optim.launched import Launched

SHAPES = [(4, 3), (3,), (), (0, 2), (2, 5), (150, 101), (1,)]  # one is large
KINDS = {
    "SGD": (SGD, {"lr": 0.05}),
    "momentum": (SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01}),
    "nesterov": (SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True, "maximize": True}),
    "Adam": (Adam, {"lr": 0.01, "weight_decay": 0.1, "maximize": True}),
    "amsgrad": (Adam, {"lr": 0.01, "amsgrad": True}),
    "AdamW": (AdamW, {"lr": 0.01}),
    "NAdam": (NAdam, {"lr": 0.01}),
    "growing": (Momentum, {"lr": 0.05, "growing": True, "weight_decay": 0.01}),
}
FIRST_STATE = {"momentum": "momentum_buffer", "nesterov": "momentum_buffer", "growing": "velocity"}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(
    params=["cpu", "strict", "strict without kernels", pytest.param("cuda", marks=pytest.mark.gpu)]
)
def device(request, monkeypatch):
    """As everywhere; and the stand-in with gathered bundles, as for rules that have no kernel."""
    name, _, without = request.param.partition(" ")
    if without:
        monkeypatch.setenv("MINIGRAD_GPU_KERNELS", "0")
    mg.set_default_device(name)
    return name


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch):
    """Large begins at 1 KB, so that the tests are quick."""
    monkeypatch.setattr(bundles, "HOST", bundles.Sizes(small=1024, bundle=2048, piece=4096))
    monkeypatch.setattr(bundles, "DEVICE", bundles.Sizes(small=1024, bundle=2048, piece=None))
    monkeypatch.setattr(launched, "MOST", 5)


def numbers(tensor):
    return np.array(tensor.detach().cpu().numpy())


class Run:
    """Parameters, an optimiser, and a source of gradients."""

    def __init__(self, kind, alone, device, dtype=mg.float32, shapes=SHAPES):
        cls, options = KINDS[kind]
        self.cls = type(f"Alone{cls.__name__}", (cls,), {"elementwise": False}) if alone else cls
        self.options = options
        self.device = device
        self.random = np.random.default_rng(5)
        self.params = [self.draw(shape, dtype).requires_grad_() for shape in shapes]
        self.optimizer = self.cls(self.params, **options)

    def draw(self, shape, dtype=mg.float32):
        values = np.asarray(self.random.standard_normal(shape))
        return mg.tensor(values, dtype=dtype, device=self.device)

    def step(self, missing=()):
        for index, p in enumerate(self.params):
            gradient = self.draw(p.shape, p.dtype)
            p.grad = None if index in missing or not p.requires_grad else gradient
        self.optimizer.step()

    def results(self):
        state = self.optimizer.state_dict()["state"]
        return [numbers(p) for p in self.params], {
            (index, name): numbers(value) if isinstance(value, mg.Tensor) else value
            for index, slots in state.items()
            for name, value in slots.items()
        }


def assert_unobservable(scenario, kind, device, **options):
    """Run ``scenario`` with bundles and with each parameter alone, and compare bit for bit."""
    runs = [Run(kind, alone, device, **options) for alone in (False, True)]
    for run in runs:
        scenario(run)
    kinds = [{type(bundle) for bundle in run.optimizer._bundles} for run in runs]
    assert kinds[0] & {Gathered, Launched} and kinds[1] == {Apart}
    (params, state), (params_alone, state_alone) = (run.results() for run in runs)
    for left, right in zip(params, params_alone, strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    assert state.keys() == state_alone.keys()
    for key, value in state.items():
        np.testing.assert_array_equal(value, state_alone[key], err_msg=str(key))


def test_undisturbed(kind, device):
    def scenario(run):
        for _ in range(5):
            run.step()

    # (Adam in float16 needs an eps that is not 0 there, in PyTorch as well.)
    smallest = [] if "Adam" in kind or kind == "amsgrad" else [mg.float16]
    for dtype in (*smallest, mg.float32, mg.float64):
        assert_unobservable(scenario, kind, device, dtype=dtype)


def test_large_parameters_are_cut_on_the_host_only(device):
    run = Run("Adam", False, device)
    run.step()
    if isinstance(run.optimizer._bundles[0], Launched):
        pytest.skip("a kernel updates all parameters in one launch")
    (large,) = (b for b in run.optimizer._bundles if isinstance(b, Apart))
    assert large.size == 150 * 101 and len(large.thetas) == (15 if device == "cpu" else 1)


def test_a_kernel_updates_small_and_large_parameters_in_one_launch():
    run = Run("Adam", False, "strict", shapes=[(3,), (30, 40), (4,)])
    run.step()
    assert [len(bundle.params) for bundle in run.optimizer._bundles] == [3]


def test_missing_gradients(kind, device):
    def scenario(run):
        for missing in ((), (0,), (0, 1, 2), (5,), (), (3, 4), (6,), ()):
            run.step(missing)

    assert_unobservable(scenario, kind, device)


def test_gradients_that_come_and_go_in_turns(kind, device):
    """A model of two parts, trained alternately by one optimiser: bundled once, not in every step."""

    def scenario(run):
        made = []
        for turn in range(6):
            run.step((0, 1, 2, 3) if turn % 2 else (4, 5, 6))
            made.append(run.optimizer._bundles)
        assert made[2] is made[5]

    assert_unobservable(scenario, kind, device)


def test_gradients_that_begin_late(kind, device):
    """Different numbers of steps."""

    def scenario(run):
        for missing in ((1, 4, 5), (1, 4), (4,), (), ()):
            run.step(missing)

    assert_unobservable(scenario, kind, device)


def test_frozen_parameters(kind, device):
    def scenario(run):
        run.step()
        run.params[1].requires_grad = run.params[5].requires_grad = False
        run.step()
        run.params[1].requires_grad = True
        run.step()

    assert_unobservable(scenario, kind, device)


def test_new_data(kind, device):
    def scenario(run):
        run.step()
        run.params[0].data = run.draw((4, 3))
        run.params[5].data = run.draw((150, 101))
        run.step()
        run.params[2].data = run.params[2].data * 2  # a NumPy scalar inside
        run.step()
        run.params[4].data = run.draw((5, 2)).T  # not contiguous
        run.params[5].data = run.draw((101, 150)).T
        run.step()
        run.step()

    assert_unobservable(scenario, kind, device)


def test_new_data_in_every_step_bundles_once(device):
    run = Run("Adam", False, device)
    run.step()
    known = run.optimizer._bundles
    for _ in range(3):
        for p in run.params:
            p.data = p.data * 0.5 if p.ndim else p.data.clone()
        run.step()
    assert run.optimizer._bundles is known


def test_to_another_dtype(kind, device):
    def scenario(run):
        run.step()
        for p in run.params:
            p.data = p.data.to(mg.float64)
        run.step()
        run.params[1].data = run.params[1].data.to(mg.float32)
        run.step()

    assert_unobservable(scenario, kind, device)


def test_to_another_device(kind):
    def scenario(run):
        run.step()
        for p in run.params:
            p.data = p.data.to("strict")
        run.device = "strict"
        run.step()

    assert_unobservable(scenario, kind, "cpu")


def test_several_dtypes(kind, device):
    def scenario(run):
        for index in (0, 2, 4):
            run.params[index].data = run.params[index].data.to(mg.float64)
        for _ in range(3):
            run.step()

    assert_unobservable(scenario, kind, device)


def test_not_contiguous(kind, device):
    def scenario(run):
        run.params[0].data = run.draw((3, 4)).T
        run.params[1].data = run.draw((3, 2))[:, 1]
        run.params[5].data = run.draw((101, 150)).T
        for _ in range(3):
            run.step()
            for p in run.params[:2] + run.params[5:6]:
                p.grad = run.draw(tuple(reversed(p.shape))).T
            run.optimizer.step()

    assert_unobservable(scenario, kind, device)


def test_shared_with_a_second_optimizer(kind, device):
    def scenario(run):
        second = run.cls(run.params[2:6], **run.options)
        for _ in range(3):
            run.step()
            second.step()

    assert_unobservable(scenario, kind, device)


def test_parameters_that_come_to_share_memory(kind, device):
    """Between two steps: from then on they are updated in their order."""

    def scenario(run):
        run.step()
        run.params[1].data = run.params[5].data[0, :3]
        run.step()
        run.step()

    assert_unobservable(
        scenario, kind, device, shapes=[(150, 150), (3,), (4,), (5,), (2, 2), (200, 130)]
    )


def test_parameters_that_share_memory(kind, device):
    """Both updates count, one after the other, as if there were no bundle."""

    def scenario(run):
        run.step()
        run.params[6].data = run.params[1].data[1:2]
        run.step()
        run.step()

    assert_unobservable(scenario, kind, device)


def test_memory_that_somebody_else_holds():
    for size in (6, 5000):
        mine = np.ones(size, np.float32)
        run = Run("momentum", False, "cpu")
        run.params[0].data = mg.from_numpy(mine)
        run.optimizer = run.cls(run.params, **run.options)
        run.step()
        np.testing.assert_array_equal(mine, numbers(run.params[0]))
        mine[...] = 7.0  # unseen by minigrad
        with_seven = run.params[0].detach().clone()
        run.params[0].grad = mg.zeros(size)
        run.optimizer.param_groups[0].update(momentum=0, weight_decay=0)
        run.optimizer.step()
        np.testing.assert_array_equal(numbers(run.params[0]), numbers(with_seven))


def test_the_gradient_is_the_parameter(kind, device):
    """``p.grad = p.data`` descends on half the square, without a backward pass."""

    def scenario(run):
        for _ in range(3):
            for p in run.params:
                p.grad = p.detach()
            run.optimizer.step()

    assert_unobservable(scenario, kind, device)


def test_a_scalar_leaf_that_holds_a_numpy_scalar(device):
    x = (mg.tensor(3.0, device=device) * 2).detach().requires_grad_()
    optimizer = SGD([x], lr=0.5)
    (x * 1.0).backward()
    optimizer.step()
    assert x.item() == 5.5


def test_hyperparameters_that_ask_for_more_state(device):
    def scenario(run):
        run.step()
        run.optimizer.param_groups[0]["momentum"] = 0.9
        run.step()
        run.step()
        run.optimizer.param_groups[0]["momentum"] = 0
        run.step()

    assert_unobservable(scenario, "SGD", device)


def test_groups_added_between_steps(kind, device):
    def scenario(run):
        run.step()
        for shape in ((2, 2), (60, 30)):
            run.params.append(run.draw(shape).requires_grad_())
            run.optimizer.add_param_group({"params": run.params[-1], "lr": 0.3})
            run.step()

    assert_unobservable(scenario, kind, device)


# What a person can see and change of the state ---------------------------------------------------------


def test_state_that_is_edited(kind, device):
    if kind == "SGD":
        pytest.skip("keeps nothing")
    name = FIRST_STATE.get(kind, "exp_avg")

    def scenario(run):
        run.step()
        state = run.optimizer.state
        first = state[run.params[0]][name]
        first.zero_()  # in place
        run.step()
        state[run.params[1]][name] = run.draw((3,))  # replaced
        state[run.params[5]][name].data = run.draw((150, 101))
        run.step()
        del state[run.params[4]]  # forgotten
        run.step()
        kept = state[run.params[4]][name]
        now = run.results()
        np.testing.assert_array_equal(numbers(kept), now[1][4, name])
        assert now[1].get((4, "step"), 1) == 1
        assert state[run.params[0]][name] is first  # still alive
        np.testing.assert_array_equal(numbers(first), run.results()[1][0, name])
        state.clear()
        run.step()

    assert_unobservable(scenario, kind, device)


def test_a_tensor_given_as_state_stays_the_state(device):
    run = Run("momentum", False, device)
    run.step()
    mine = mg.zeros(4, 3, device=device)
    run.optimizer.state[run.params[0]]["momentum_buffer"] = mine
    run.step()
    assert run.optimizer.state[run.params[0]]["momentum_buffer"] is mine
    assert np.all(numbers(mine) != 0)
    np.testing.assert_array_equal(numbers(mine), run.results()[1][0, "momentum_buffer"])


def test_the_number_of_steps_that_is_edited(device):
    def scenario(run):
        run.step()
        run.optimizer.state[run.params[0]]["step"] = 100
        run.step()
        run.step()
        assert [run.optimizer.state[p]["step"] for p in run.params[:2]] == [102, 3]

    assert_unobservable(scenario, "Adam", device)


def test_saving_and_loading_in_between(kind, device):
    def scenario(run):
        run.step()
        run.step((0, 5))
        saved = pickle.loads(pickle.dumps(run.optimizer.state_dict()))
        params = [numbers(p) for p in run.params]
        run.step()
        once = run.results()
        run.optimizer.load_state_dict(saved)
        for p, values in zip(run.params, params, strict=True):
            p.data = mg.tensor(values, device=run.device)
        run.optimizer.step()  # the same gradients
        for left, right in zip(run.results()[0], once[0], strict=True):
            np.testing.assert_array_equal(left, right)
        run.params, run.optimizer = copy.deepcopy((run.params, run.optimizer))
        run.step()

    assert_unobservable(scenario, kind, device)


def test_another_shape_is_an_error_that_changes_nothing(device):
    run = Run("momentum", False, device)
    run.step()
    before = run.results()
    run.params[1].name = "bias"
    run.params[1].data = run.draw((5,))
    message = (
        r"the parameter 'bias' has shape \(5,\) now, but the optimizer keeps 'momentum_buffer' of "
        r"shape \(3,\) for it"
    )
    for _ in range(2):
        with pytest.raises(RuntimeError, match=message):
            run.step()
    run.params[1].data = mg.tensor(before[0][1], device=device)
    for left, right in zip(run.results()[0], before[0], strict=True):
        np.testing.assert_array_equal(left, right)
    run.params[1].data = run.draw((5,))
    del run.optimizer.state[run.params[1]]
    run.step()
    assert run.optimizer.state[run.params[1]]["momentum_buffer"].shape == (5,)


def test_more_small_parameters_than_one_bundle_takes(kind, device):
    def scenario(run):
        for _ in range(3):
            run.step()

        assert [len(b.params) for b in run.optimizer._bundles] in ([5, 5, 5, 2], [1] * 17)

    assert_unobservable(scenario, kind, device, shapes=[(10, 9)] * 17)


MANY_LARGE = [(30, 40), (5,), (41, 29), (1601,), (3, 4), (20, 20, 5)]  # not of whole cache lines


def test_many_large_parameters(kind, device):
    def scenario(run):
        for missing in ((), (0, 3), (), (2,), ()):
            run.step(missing)
        run.params[2].data = run.draw((41, 29))
        run.params[3].data = run.draw((1602,))[1:]
        run.step()
        run.params[0].data = run.draw((40, 30)).T
        run.step((1, 4))
        run.step()

    assert_unobservable(scenario, kind, device, shapes=MANY_LARGE)


def test_large_parameters_are_one_bundle_each_with_memory_of_its_own():
    run = Run("Adam", False, "cpu", shapes=MANY_LARGE)
    run.step()
    large, small = sorted(run.optimizer._bundles, key=lambda bundle: -len(bundle.params))
    assert type(large) is Apart and type(small) is Gathered
    assert large.params == [run.params[k] for k in (0, 2, 3, 5)]
    kept = [run.optimizer.state[p]["exp_avg"].array for p in large.params]
    assert len({id(versions.memory_of(array)) for array in kept}) == 4
    assert all(array.ctypes.data % 64 == 0 for array in kept)
    assert [s.exp_avg.size for s in large.spaces] == [608, 592, 608, 581, 816, 785, 1008, 992]


def test_rows_of_large_parameters_stay_where_they_are_when_these_are_bundled_anew():
    """Experts that take turns, frozen layers: nothing large is copied for them."""
    run = Run("Adam", False, "cpu", shapes=[*MANY_LARGE, (30, 40)])
    run.step()
    large = [run.params[k] for k in (0, 2, 3, 5, 6)]

    def addresses(state, name="exp_avg"):
        return [state[p][name].array.ctypes.data for p in large]

    known, made = addresses(run.optimizer._state), []
    for missing in ((2,), (0, 3), (0,), (), (5,), (0, 2, 3, 5), ()):
        run.step(missing)
        made.append(run.optimizer._bundles)
    run.optimizer.param_groups[0]["amsgrad"] = True
    run.step()
    assert len({id(bundles) for bundles in made}) > 1 and addresses(run.optimizer._state) == known
    state = run.optimizer.state
    run.step()
    assert addresses(state) == known
    state[large[4]]["exp_avg"] = state[large[0]]["exp_avg"].detach()  # not to be written through
    run.step()
    assert addresses(state)[:4] == known[:4] and addresses(state)[4] != known[0]
    run.optimizer.load_state_dict(run.optimizer.state_dict())
    run.step()
    assert not {*addresses(run.optimizer.state)} & {*known}


def test_large_parameters_that_come_and_go_are_soon_left_alone(kind, device):
    def scenario(run):
        for missing in 2 * ((2, 3), (0,), (3, 1), (2, 0), (1, 0)):
            run.step(missing)
        known = run.optimizer._bundles
        for missing in ((0, 2), (), (3,), (0, 1, 2), (1, 3)):
            run.step(missing)
        assert run.optimizer._bundles is known
        run.params, run.optimizer = copy.deepcopy((run.params, run.optimizer))
        run.step()

    if device == "strict":
        pytest.skip("a kernel wants them together")
    shapes = [(30, 40), (41, 29), (1601,), (20, 20, 5), (1200,), (3,), (4,)]
    assert_unobservable(scenario, kind, device, shapes=shapes)


def test_a_large_parameter_and_a_part_of_it_are_updated_in_their_order(kind, device):
    """Also where others come before that would be together with one of them."""

    def scenario(run):
        run.params[4].data = run.params[2].data[0]  # small, a view of a large one
        run.params[5].data = run.params[3].data[:700].reshape(35, 20)
        for _ in range(3):
            run.step()

    shapes = [(3,), (30, 30), (40, 30), (1600,), (30,), (35, 20), (2,)]
    assert_unobservable(scenario, kind, device, shapes=shapes)


@pytest.mark.parametrize("size", [0, 1, 7, 1024, 1025, 100_000])
@pytest.mark.parametrize("limit", [None, 64, 4096, 1 << 20])
def test_cuts(size, limit):
    slices = bundles.cuts(size, 4, limit)
    assert [i for s in slices for i in range(size)[s]] == list(range(size))
    assert all(s.start % 16 == 0 for s in slices)  # of a cache line
    lengths = [s.stop - s.start for s in slices]
    assert limit is None or max(lengths) * 4 <= limit
    assert len(set(lengths[:-1])) <= 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 1000])
def test_rows_begin_at_a_cache_line(dtype, size):
    for _ in range(20):
        row = bundles.new_row("zeros", np.zeros(1, dtype), size)
        assert row.shape == (size,) and row.dtype == dtype and row.ctypes.data % 64 == 0


# What a review found --------------------------------------------------------------------------------


def with_gradients(params, values):
    for p, value in zip(params, values, strict=True):
        p.grad = None if value is None else mg.full_like(p.detach(), value)


def test_memory_is_new_until_the_rule_has_seen_it(device):
    """Also where another bundle makes the optimiser bundle anew first; 0.8 is PyTorch's number."""
    params = [mg.tensor(1.0, dtype=mg.float64, requires_grad=True) for _ in range(3)]
    optimizer = mg.optim.SGD(params, lr=0.1, dampening=0.5)
    with_gradients(params, (1.0, 1.0, 1.0))
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.9
    for values in ((None, 1.0, 1.0), (1.0, 1.0, None)):
        with_gradients(params, values)
        optimizer.step()
    assert params[0].item() == pytest.approx(0.8)


def test_looking_at_the_state_does_not_age_it():
    params = [mg.tensor(1.0, requires_grad=True) for _ in range(3)]
    optimizer = mg.optim.Rprop(params, lr=0.1)
    assert optimizer.state[params[0]] == {}
    for values in ((None, 1.0, 1.0), (1.0, 1.0, None)):
        with_gradients(params, values)
        optimizer.step()
    assert params[0].item() == pytest.approx(0.9)


def test_a_hyperparameter_out_of_range_in_mid_run_changes_nothing():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    optimizer = mg.optim.Adam([x], lr=0.1)
    with_gradients([x], [1.0])
    optimizer.step()
    before = copy.deepcopy(optimizer.state_dict()["state"]), x.tolist()
    for lr, error, words in (
        (mg.tensor(0.2), TypeError, r"write \.item\(\)"),
        (-1.0, ValueError, "range"),
    ):
        optimizer.param_groups[0]["lr"] = lr
        with pytest.raises(error, match=words):
            optimizer.step()
        after = optimizer.state_dict()["state"], x.tolist()
        assert repr(after) == repr(before)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: mg.optim.AdamW(p, betas=0.9), "betas has to be 2 numbers"),
        (lambda p: mg.optim.Adam(p, betas=(0.9,)), "betas has to be 2 numbers"),
        (lambda p: mg.optim.Lion(p, betas=(0.9, 0.99, 0.5)), "betas has to be 2 numbers"),
        (lambda p: mg.optim.SGD(p, lr=(0.1, 0.2)), "lr has to be one number"),
    ],
)
def test_numbers_of_another_length_are_refused(make, words):
    with pytest.raises(TypeError, match=words):
        make([mg.ones(2, requires_grad=True)])


@pytest.mark.parametrize("size", [2, 100_000])
def test_read_only_memory_is_refused_before_anything_changes(size):
    array = np.ones(size, np.float32)
    x, y = mg.from_numpy(array).requires_grad_(), mg.ones(size, requires_grad=True)
    array.flags.writeable = False
    optimizer = mg.optim.Adam([y, x], lr=0.1)
    with_gradients([x, y], [1.0, 1.0])
    with pytest.raises(RuntimeError, match="read-only, so it cannot be optimised"):
        optimizer.step()
    assert (y == 1).all()


def test_loaded_state_is_checked_against_the_options_that_come_with_it():
    x = mg.ones(2, requires_grad=True)
    optimizer = mg.optim.SGD([x], lr=0.1, momentum=0.9)
    with_gradients([x], [1.0])
    optimizer.step()
    state = optimizer.state_dict()
    state["state"][0]["momentum_buffer"] = mg.ones(5)
    other = mg.optim.SGD([mg.ones(2, requires_grad=True)], lr=0.1)
    with pytest.raises(
        ValueError, match=r"momentum_buffer of a parameter of shape \(2,\) has shape \(5,\)"
    ):
        other.load_state_dict(state)
    assert other.param_groups[0]["momentum"] == 0


@pytest.mark.parametrize("size", [3, 100_000])
def test_a_gradient_on_the_parameters_own_memory_does_not_change_with_it(size):
    x = mg.ones(size, requires_grad=True)
    optimizer = mg.optim.SGD([x], lr=0.1, weight_decay=0.5, decoupled_weight_decay=True)
    optimizer.step(direction=lambda params: [params[0].detach().reshape(-1)])
    np.testing.assert_allclose(x.detach().numpy(), 0.85, rtol=1e-6)


def test_names_that_mean_something_else_to_a_rule_are_refused():
    for wrong in ({"scratch": ("g",)}, {"state": ("theta",)}, {"scratch": ("work", "step")}):
        with pytest.raises(TypeError, match="have another meaning for a rule"):
            type("Rule", (mg.optim.Optimizer,), {"defaults": {"lr": 0.1}, **wrong})
