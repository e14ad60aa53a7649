"""The closed world of a compiled step: modules that are known to do the same in every step.

What a person writes in a ``forward`` can do anything, and be different in every step.  The layers and losses
named here cannot: for given shapes, modes and options they run the same operations, whatever the numbers
are.  That was read in their source, class by class; a subclass is another class.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from minigrad import nn
from minigrad.nn import functional as F
from minigrad.ops.declare import constant_node

LAYERS = frozenset(
    """BatchNorm1d CELU Dropout ELU Flatten GELU Hardshrink Hardsigmoid Hardswish Hardtanh Identity
    LayerNorm LeakyReLU Linear LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 SELU Sequential SiLU Sigmoid
    Softmax Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold Unflatten""".split()
)
LOSSES = frozenset(
    """BCEWithLogitsLoss CrossEntropyLoss HingeEmbeddingLoss HingeLoss HuberLoss L1Loss MSELoss PoissonNLLLoss
    SmoothL1Loss SoftMarginLoss""".split()
)
FUNCTIONS = frozenset(
    {
        F.binary_cross_entropy_with_logits,
        F.cross_entropy,
        F.hinge_embedding_loss,
        F.hinge_loss,
        F.huber_loss,
        F.l1_loss,
        F.mse_loss,
        F.poisson_nll_loss,
        F.smooth_l1_loss,
        F.soft_margin_loss,
    }
)
KNOWN = {kind: kind.forward for kind in (getattr(nn, name) for name in LAYERS | LOSSES)}
END = object()


class World:
    """A model and a loss as they are now, and whether they are still so.

    Parameters
    ----------
    model : Module
        The model.
    loss : Module or function
        The loss.

    Attributes
    ----------
    modules : list of Module
        The model, the loss and all that is inside, each once.
    tensors : list of Tensor
        Their parameters and buffers.
    reason : str or None
        Why a step on them cannot be replayed.
    """

    def __init__(self, model: Any, loss: Any) -> None:
        self._model, self._loss = model, loss
        self.modules = list(model.modules()) if isinstance(model, nn.Module) else []
        if isinstance(loss, nn.Module):
            self.modules += [one for one in loss.modules() if one not in self.modules]
        self.tensors = [
            tensor
            for module in self.modules
            for tensor in (*module._parameters.values(), *module._buffers.values())
        ]
        self.reason = self._reason(model, loss)
        # What can be replaced, each beside what it is now:
        self._kinds = [(module, type(module), vars(module)) for module in self.modules]
        self._forwards = [(kind, kind.forward) for kind in {kind for _, kind, _ in self._kinds}]
        self._nodes = [(tensor, tensor.node) for tensor in self.tensors]
        leaves = [node for _, node in self._nodes if node is not None and not node.inputs]
        self._leaves = [(leaf, leaf.plan, leaf.hooks) for leaf in leaves]  # a leaf always has notes
        # Live views.  If there are more or fewer attributes than there were, one of them meets the end.
        attributes = [vars(module) for module in self.modules]
        self._attributes = [*attributes, *(one.values() for one in attributes), (END,)]
        self._named = list(chain.from_iterable(self._attributes))
        # What is changed in place: hooks that come where there were some before, or go.
        hooks = [vars(module).get("_hooks") for module in self.modules]
        hooks += [leaf.hooks for leaf in leaves]
        self._hooks = [one for one in hooks if one is not None]
        self._hooked = any(self._hooks)

    def is_of(self, model: Any, loss: Any) -> bool:
        """Tell whether these are the ones, and no attribute, parameter, hook or flag has been changed."""
        # Asked in every step, and so written for speed: pairs are quick to run down, and attributes, of
        # which there are many, are compared in one pass in C.
        if model is not self._model or loss is not self._loss:
            return False
        if any(self._hooks) is not self._hooked:
            return False
        for module, kind, attributes in self._kinds:
            if type(module) is not kind or module.__dict__ is not attributes:
                return False
        for kind, forward in self._forwards:
            if kind.forward is not forward:
                return False
        for tensor, node in self._nodes:
            if tensor.node is not node:
                return False
        for leaf, plan, hooks in self._leaves:
            if leaf.plan is not plan or leaf.notes.hooks is not hooks:
                return False
        return all(map(is_, chain.from_iterable(self._attributes), self._named))

    def _reason(self, model: Any, loss: Any) -> str | None:
        if not isinstance(model, nn.Module):
            return f"the model, a {type(model).__name__}, is no module"
        if not isinstance(loss, nn.Module) and not any(loss is one for one in FUNCTIONS):
            name = getattr(loss, "__name__", type(loss).__name__)
            return f"the loss, {name}, is none of minigrad's that do the same in every step"
        for module in self.modules:
            reason = self._reason_of(module)
            if reason is not None:
                return reason
        for tensor in self.tensors:
            if not isinstance(tensor.array, np.ndarray):
                return f"a parameter or buffer is on {tensor.device}"
            node = constant_node(tensor)  # the one it has, if it has one
            if node.hooks:
                return "a hook was registered on a parameter"
            if node.inputs:
                return "a parameter or buffer is the result of an operation"
        return None

    def _reason_of(self, module: Any) -> str | None:
        kind = type(module).__name__
        if type(module) not in KNOWN:
            return f"{kind} is none of minigrad's modules that do the same in every step"
        if type(module).forward is not KNOWN[type(module)]:
            return f"the class {kind} was given another forward"
        if module._hooks:
            return f"a hook was registered on a {kind}"
        if "forward" in vars(module):
            return f"a {kind} was given another forward"
        if isinstance(module, nn.Softmax) and module.dim is None:
            return f"a {kind} without dim warns in every step"
        for name, value in vars(module).items():
            if isinstance(value, np.ndarray):
                return f"the option {name} of a {kind} is an array, whose numbers can change"
        return None


def layers(module: Any) -> Iterator[Any]:
    """Yield the layers in the order in which they are called."""
    if type(module) is nn.Sequential:
        for inner in module:
            yield from layers(inner)
    else:
        yield module


def norms(model: Any) -> list[Any]:
    """Return the layers that normalise by the batch, in the order in which they are called."""
    found = [one for one in layers(model) if type(one) is nn.BatchNorm1d]
    return [one for one in found if one.training or one.running_mean is None]


def dropouts(model: Any) -> list[Any]:
    """Return the layers that draw random numbers, in the order in which they are called."""
    found = [one for one in layers(model) if type(one) is nn.Dropout]
    return [one for one in found if one.training and 0 < one.p < 1]
