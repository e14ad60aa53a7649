"""Count the work of a few steps: arrays allocated, functions called, memory kept.

``python tests/tools/count_work.py`` prints them in JSON; tests/test_work_counts.py holds them to bounds.
Counts, unlike times, are the same on every run.  It is a process of its own because NumPy's allocator is
replaced in it by one that counts.

========  ==============================================================================================
arrays    blocks of memory that NumPy asks for in a step
calls     Python functions that run in it
kept      bytes alive after the forward pass that were not before: what the backward pass needs
peak      bytes alive at one time of the step, beyond those before it
grown     bytes that a hundred steps leave behind, with the garbage collector off
========  ==============================================================================================
"""

import ctypes
import gc
import json
import os
import sys
import tracemalloc

from numpy._core import _multiarray_umath

import minigrad as mg
from minigrad import nn, optim


class Allocator(ctypes.Structure):
    """NumPy's ``PyDataMemAllocator``."""

    Malloc = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    Pair = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
    Again = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    Free = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    _fields_ = (
        ("context", ctypes.c_void_p),
        ("malloc", Malloc),
        ("calloc", Pair),
        ("realloc", Again),
        ("free", Free),
    )


class Handler(ctypes.Structure):
    """NumPy's ``PyDataMem_Handler``."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("allocator", Allocator),
    )


class Arrays:
    """How many blocks of memory NumPy asks for, from here on."""

    SET_HANDLER = 304  # its place in the table of NumPy's C interface

    def __init__(self):
        self.count = 0
        libc = ctypes.CDLL(None)
        for name in ("malloc", "calloc", "realloc"):
            getattr(libc, name).restype = ctypes.c_void_p

        def malloc(_, size):
            self.count += 1
            return libc.malloc(ctypes.c_size_t(size))

        def calloc(_, count, size):
            self.count += 1
            return libc.calloc(ctypes.c_size_t(count), ctypes.c_size_t(size))

        def realloc(_, block, size):
            return libc.realloc(ctypes.c_void_p(block), ctypes.c_size_t(size))

        def free(_, block, size):
            libc.free(ctypes.c_void_p(block))

        functions = Allocator.Malloc(malloc), Allocator.Pair(calloc), Allocator.Again(realloc)
        allocator = Allocator(None, *functions, Allocator.Free(free))
        self.handler = Handler(b"counting", 1, allocator)

        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = (
            ctypes.py_object,
            [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
        )
        self.name = ctypes.c_char_p(b"mem_handler")
        capsule = new(ctypes.addressof(self.handler), self.name, None)
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        table = ctypes.cast(
            pointer(_multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p)
        )
        set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[self.SET_HANDLER])
        set_handler(capsule)


# ------------------------------------------------------------------------------------------- cases
# Each returns two functions: the forward pass, which returns a loss, and what comes after it.


def training(model, loss_fn, x, y, optimizer):
    def forward():
        return loss_fn(model(x), y)

    def backward(loss):
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return forward, backward


def tiny_step():
    layers = nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    model = nn.Sequential(*layers)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = mg.randn(100, 2), mg.randint(0, 2, (100, 1)).float()
    return training(model, nn.BCEWithLogitsLoss(), x, y, optimizer)


def mlp_bn_step():
    layers = []
    for wide, out in ((784, 128), (128, 64)):
        layers += [nn.Linear(wide, out, bias=False), nn.BatchNorm1d(out), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(64, 10))
    optimizer = optim.Adam(model.parameters())
    return training(
        model, nn.CrossEntropyLoss(), mg.randn(64, 784), mg.randint(0, 10, (64,)), optimizer
    )


def chain():
    x = mg.tensor(0.5, requires_grad=True)

    def forward():
        y = x
        for _ in range(50):
            y = y * 0.999
            y = y + 0.001
        return y

    def backward(loss):
        loss.backward()
        x.grad = None

    return forward, backward


def adam_step():
    parameters = [mg.randn(200, 250, requires_grad=True) for _ in range(20)]
    optimizer = optim.Adam(parameters)
    sum((p * p).sum() for p in parameters).backward()
    return lambda: None, lambda _: optimizer.step()


CASES = {
    "tiny step": tiny_step,
    "mlp-bn step": mlp_bn_step,
    "chain of 100": chain,
    "adam step": adam_step,
}


# ---------------------------------------------------------------------------------------- counting


def calls_in(function, *arguments):
    """How many Python functions run in a call."""
    count = -1  # the function itself

    def note(frame, event, _):
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


def counted(make, arrays):
    forward, backward = make()

    def step():
        backward(forward())

    for _ in range(5):  # what is made once is made now
        step()
    gc.collect()
    gc.disable()
    before = arrays.count
    step()
    allocated = arrays.count - before
    calls = calls_in(step)

    tracemalloc.start()
    for _ in range(20):
        step()
    start, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    loss = forward()
    kept = tracemalloc.get_traced_memory()[0] - start
    backward(loss)
    del loss
    peak = tracemalloc.get_traced_memory()[1] - start
    for _ in range(99):
        step()
    grown = tracemalloc.get_traced_memory()[0] - start
    tracemalloc.stop()
    gc.enable()
    return {"arrays": allocated, "calls": calls, "kept": kept, "peak": peak, "grown": grown}


def main():
    arrays = Arrays()
    mg.manual_seed(0)
    print(json.dumps({name: counted(make, arrays) for name, make in CASES.items()}, indent=1))
    sys.stdout.flush()
    os._exit(0)  # arrays that live to the end would be freed by functions that are gone by then


if __name__ == "__main__":
    main()
