"""Record what PyTorch's CPU generator draws, for ``tests/test_generator.py``.

PyTorch is no dependency of minigrad or of its tests; this was run once, with version 2.13.0 on an
x86-64 processor with AVX2::

    pip install torch --index-url https://download.pytorch.org/whl/cpu
    python tests/tools/record_random_stream.py tests/recorded/random_stream.json

The file holds *sequences*: a seed, and calls made one after the other on one generator.  A call is
the name of a method of ``minigrad.backend.Generator``, its arguments, and what PyTorch returns for
it.  Of a long result both ends are kept, and a checksum of all its bytes if they can be equal.
"""

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, random_split

SIZES = (0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 1000)
SEEDS = (0, 2147483647)
INEXACT = ("normal", "normal_of", "exponential")  # in float64 from 16 on, up to the last bit


def array(values, dtype):
    """An argument that is an array, as JSON."""
    return {"values": values, "dtype": dtype}


def tensor(argument):
    if isinstance(argument, dict):
        return torch.tensor(argument["values"], dtype=getattr(torch, argument["dtype"]))
    return argument


def empty(shape, dtype):
    return torch.empty(shape, dtype=getattr(torch, dtype))


def bernoulli(g, p, shape=None, dtype="float32"):
    if shape is None:
        return torch.bernoulli(tensor(p), generator=g)
    return empty(shape, dtype).bernoulli_(tensor(p), generator=g)


PYTORCH = {
    "uniform": lambda g, shape, dtype, low=0.0, high=1.0: empty(shape, dtype).uniform_(
        low, high, generator=g
    ),
    "normal": lambda g, shape, dtype, mean=0.0, std=1.0: empty(shape, dtype).normal_(
        mean, std, generator=g
    ),
    "normal_of": lambda g, mean, std: torch.normal(tensor(mean), tensor(std), generator=g),
    "exponential": lambda g, shape, dtype, lambd=1.0: empty(shape, dtype).exponential_(
        lambd, generator=g
    ),
    "integers": lambda g, low, high, shape: torch.randint(low, high, shape, generator=g),
    "random_int63": lambda g: torch.empty((), dtype=torch.int64).random_(generator=g),
    "permutation": lambda g, n: torch.randperm(n, generator=g),
    "bernoulli": bernoulli,
    "multinomial": lambda g, p, num_samples, replacement: torch.multinomial(
        tensor(p), num_samples, replacement, generator=g
    ),
    "initial_seed": lambda g: torch.tensor(g.initial_seed(), dtype=torch.uint64),
    "get_state": lambda g: g.get_state(),
}

WEIGHTS = [0.5, 3.0, 0.0, 1.25, 7.5, 0.1]
ROWS = [[1.0, 2.0, 3.0, 4.0], [4.0, 0.0, 0.0, 1.0], [0.1, 0.2, 0.3, 0.4]]


def plan():
    """Yield ``(name, seed, [(method, arguments), ...])``."""
    end = ("random_int63", {})  # differs if a call before took too many or too few numbers
    for seed in SEEDS:
        for dtype in ("float32", "float64"):
            every = [{"shape": [size], "dtype": dtype} for size in SIZES]
            yield f"uniform {dtype}", seed, [*(("uniform", call) for call in every), end]
            yield f"normal {dtype}", seed, [*(("normal", call) for call in every), end]
    for dtype in ("float16", "float32", "float64"):
        bounds = [(-1.0, 1.0), (-(3**-0.5), 3**-0.5), (0.1, 0.7), (5.0, 5.0), (-1e-3, 1e3)]
        calls = [("uniform", {"low": low, "high": high}) for low, high in bounds]
        calls += [("normal", {"mean": mean, "std": std}) for mean, std in ((0.3, 1.7), (-5.0, 0.0))]
        calls += [("exponential", {"lambd": lambd}) for lambd in (1.0, 0.3)]
        shapes = ([7], [3, 100])
        yield (
            f"bounds {dtype}",
            3,
            [(name, {"shape": s, "dtype": dtype, **a}) for name, a in calls for s in shapes]
            + [end],
        )
    ranges = [(0, 1), (-5, 7), (0, 2**28 - 1), (0, 2**28), (-3, 2**32), (-(2**63), 2**63 - 1)]
    shapes = ([], [5], [40, 30])
    calls = [("integers", {"low": a, "high": b, "shape": s}) for a, b in ranges for s in shapes]
    yield "integers", 5, [*calls, end]
    yield "permutation", 6, [*(("permutation", {"n": n}) for n in (0, 1, 2, 3, 10, 32, 1000)), end]
    for dtype in ("float32", "float64"):
        p, rows = array(WEIGHTS, dtype), array(ROWS, dtype)
        calls = [(p, 1, False), (p, 5, False), (p, 1, True), (p, 20, True)]
        calls += [(rows, 1, False), (rows, 2, False), (rows, 1, True), (rows, 8, True)]
        names = ("p", "num_samples", "replacement")
        calls = [("multinomial", dict(zip(names, call, strict=True))) for call in calls]
        yield f"multinomial {dtype}", 7, [*calls, end]
        p = array([[0.0, 0.25, 0.5], [0.75, 1.0, 0.3]], dtype)
        calls = [{"p": p}, {"p": p, "shape": [4, 2, 3], "dtype": "float32"}]
        calls += [{"p": q, "shape": [6], "dtype": dtype} for q in (0.0, 0.3, 0.5, 1.0)]
        yield f"bernoulli {dtype}", 8, [*(("bernoulli", call) for call in calls), end]
        mean, std = array([[1.0], [-2.0]], dtype), array([0.5, 1.5, 2.5], dtype)
        long = array([0.0, 10.0] * 10, dtype)
        calls = [(mean, std), (mean, 0.3), (0.7, std), (long, 0.5), (-1.0, long), (long, long)]
        calls = [("normal_of", {"mean": m, "std": s}) for m, s in calls]
        yield f"normal_of {dtype}", 9, [*calls, end]
    yield from plan_of_mixtures()


def plan_of_mixtures():
    """Calls of all kinds in turn: who leaves a cached normal number, and who takes it?"""
    for seed in (0, -1, -(2**63), 2**32 + 5, 2**64 - 1):
        yield (
            "mixture",
            seed,
            [
                ("initial_seed", {}),
                ("get_state", {}),
                ("normal", {"shape": [3], "dtype": "float32"}),  # leaves one
                ("get_state", {}),
                ("uniform", {"shape": [5], "dtype": "float64"}),
                ("normal", {"shape": [2, 10], "dtype": "float32"}),  # leaves it alone
                ("normal", {"shape": [1], "dtype": "float64", "mean": 1.0, "std": 0.1}),  # takes it
                ("normal", {"shape": [0], "dtype": "float64"}),
                ("normal", {"shape": [], "dtype": "float64"}),  # leaves one
                ("permutation", {"n": 7}),
                ("multinomial", {"p": array(WEIGHTS, "float32"), "num_samples": 3}),
                ("normal", {"shape": [4], "dtype": "float32"}),  # takes one, leaves one
                ("bernoulli", {"p": 0.4, "shape": [9], "dtype": "float32"}),
                ("exponential", {"shape": [], "dtype": "float32"}),
                ("integers", {"low": 0, "high": 27, "shape": [2, 3]}),
                ("normal", {"shape": [700], "dtype": "float32"}),
                ("normal", {"shape": [1], "dtype": "float32"}),  # takes it
                ("get_state", {}),
                ("random_int63", {}),
            ],
        )
    yield (  # the bigram model of a well-known lecture, which prints these very numbers
        "lecture",
        2147483647,
        [
            ("uniform", {"shape": [3], "dtype": "float32"}),
            (
                "multinomial",
                {
                    "p": array([0.6064, 0.3033, 0.0903], "float32"),
                    "num_samples": 20,
                    "replacement": True,
                },
            ),
        ],
    )


def plain(value):
    """Numbers that JSON can hold and that are read back as the same bits."""
    if value.dtype in (np.float16, np.float32):  # few digits tell such a number from the others
        return [float(str(number)) for number in value]
    return value.tolist()


def recorded(result, exact=True):
    """A result as JSON."""
    value = result.detach().contiguous().numpy()
    flat = value.ravel()
    record = {"dtype": value.dtype.name, "shape": list(value.shape)}
    ends = {"head": flat[:2], "tail": flat[-2:] if exact else flat[-17:]}
    if flat.size <= (6 if exact else 17):
        ends = {"values": flat}
    elif exact:
        record["crc32"] = zlib.crc32(value.tobytes())
    for name, part in ends.items():
        record[name] = plain(part)
        assert np.array_equal(np.array(record[name], dtype=value.dtype), part)
    return record


def play(seed, calls):
    generator = torch.Generator().manual_seed(seed)
    for method, arguments in calls:
        if method == "multinomial":
            arguments = {"replacement": False, **arguments}
        result = PYTORCH[method](generator, **arguments)
        exact = result.dtype != torch.float64 or method not in INEXACT
        yield [method, arguments, recorded(result, exact)]


def linear(seed, fan_in, fan_out, dtype):
    torch.manual_seed(seed)
    layer = torch.nn.Linear(fan_in, fan_out, dtype=getattr(torch, dtype))
    return {
        "seed": seed,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "dtype": dtype,
        "weight": recorded(layer.weight),
        "bias": recorded(layer.bias),
        "next": torch.empty((), dtype=torch.int64).random_().item(),
    }


def dropout(seed, size, p):
    torch.manual_seed(seed)
    return {"seed": seed, "p": p, "result": recorded(torch.nn.Dropout(p)(torch.ones(size)))}


def loader(seed, n, batch_size, shuffle, own):
    """Two epochs; ``own`` tells whether the loader has a generator of its own."""
    generator = torch.Generator().manual_seed(seed) if own else None
    torch.manual_seed(seed)
    data = DataLoader(range(n), batch_size=batch_size, shuffle=shuffle, generator=generator)
    epochs = [[index for batch in data for index in batch.tolist()] for _ in range(2)]
    after = torch.empty((), dtype=torch.int64).random_(generator=generator).item()
    return {
        "seed": seed,
        "n": n,
        "batch_size": batch_size,
        "shuffle": shuffle,
        "own": own,
        "epochs": epochs,
        "next": after,
    }


def split(seed, lengths):
    torch.manual_seed(seed)
    parts = random_split(range(sum(lengths)), lengths)
    return {"seed": seed, "lengths": lengths, "indices": [list(part.indices) for part in parts]}


def recipes():
    layers = [(0, 3, 2, "float32"), (0, 3, 2, "float64"), (1, 10, 4, "float32")]
    layers += [(2, 784, 5, "float32")]
    loaders = [(shuffle, own) for shuffle in (True, False) for own in (False, True)]
    return {
        "linear": [linear(*layer) for layer in layers],
        "dropout": [dropout(0, 20, 0.5), dropout(1, 20, 0.2)],
        "loader": [loader(0, 10, size, *how) for how in loaders for size in (4, 5)],
        "split": [split(0, [7, 3])],
    }


def dumps(record):
    """JSON with one call a line."""
    lines = []
    for sequence in record["sequences"]:
        calls = ",\n".join(json.dumps(call, separators=(",", ":")) for call in sequence["calls"])
        head = json.dumps({"name": sequence["name"], "seed": sequence["seed"]})[:-1]
        lines.append(f'{head}, "calls": [\n{calls}]}}')
    parts = [
        f"{json.dumps(name)}: [\n"
        + ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
        + "]"
        for name, cases in record["recipes"].items()
    ]
    return (
        f'{{"torch": {json.dumps(record["torch"])},\n"sequences": [\n'
        + ",\n".join(lines)
        + '],\n"recipes": {\n'
        + ",\n".join(parts)
        + "}}\n"
    )


def main():
    parser = argparse.ArgumentParser(description="record the draws of PyTorch's CPU generator")
    parser.add_argument("path", type=Path, help="the file to write")
    path = parser.parse_args().path
    sequences = [
        {"name": name, "seed": seed, "calls": list(play(seed, calls))}
        for name, seed, calls in plan()
    ]
    version = torch.__version__.partition("+")[0]
    record = {"torch": version, "sequences": sequences, "recipes": recipes()}
    text = dumps(record)
    assert json.loads(text) == json.loads(json.dumps(record))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{path}: {len(text)} bytes, {len(sequences)} sequences")


if __name__ == "__main__":
    main()
