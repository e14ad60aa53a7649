"""The rules of minigrad's optimisers as they are printed: what ``Trajectory.explain`` writes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.optim.adadelta import Adadelta
from minigrad.optim.adagrad import Adagrad
from minigrad.optim.adam import Adam
from minigrad.optim.adamax import Adamax
from minigrad.optim.along_lines import LineSearchGD
from minigrad.optim.explaining import Page, explains, write_equation
from minigrad.optim.halving import HalveOnNoDecrease
from minigrad.optim.momentum import Momentum, reach
from minigrad.optim.muon import Muon, newton_schulz, scale_of
from minigrad.optim.nadam import NAdam, momentum_at
from minigrad.optim.normalized import NormalizedGD
from minigrad.optim.radam import RAdam, rectification
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.sam import SAM
from minigrad.optim.sgd import SGD
from minigrad.optim.sign import Lion, SignDescent


@explains(SGD)
def sgd(page: Page) -> None:
    """Gradient descent."""
    direction = "{g}"
    if page.hyper["momentum"]:
        b = page.after["momentum_buffer"]
        if "momentum_buffer" not in page.before:
            page.line("b", "{g}", b)
        elif page.hyper["dampening"]:
            formula = "{μ}·{b} + (1 − {τ})·{g}"
            page.line("b", formula, b, b=page.kept("momentum_buffer"), τ=page.hyper["dampening"])
        else:
            page.line("b", "{μ}·{b} + {g}", b, b=page.kept("momentum_buffer"))
        direction = "({g} + {μ}·{b})" if page.hyper["nesterov"] else "{b}"
    page.line("θ", "{θ} − {η}·" + direction, page.end)


@explains(Momentum)
def momentum(page: Page) -> None:
    """Momentum and Nesterov in all their forms, in the letters of their equation."""
    hyper, before, after = page.hyper, page.kept("velocity"), page.after["velocity"]
    v, mu, eta = ("m", "β", "α") if "β" in page.equation else ("v", "μ", "η")
    keep = page.after["mu"] if hyper["growing"] else hyper["momentum"]
    tau = keep if hyper["dampening"] is None else hyper["dampening"]
    outside = 1 if hyper["lr_inside"] else hyper["lr"]
    page.names |= {v: before, mu: keep, eta: hyper["lr"], "τ": tau}
    rate = "" if hyper["lr_inside"] else f"{{{eta}}}·"
    if hyper["lookahead"] != "none":
        far = reach(hyper["lookahead"], keep)
        factor = f"{rate}{{{mu}}}·" if hyper["lookahead"] == "momentum" else rate
        page.line("θ′", f"{{θ}} − {factor}{{{v}}}", page.start - far * outside * before)
        page.lines.append("  where g was taken")
    held = tau and not (hyper["undamped_first"] and "velocity" not in page.before)
    damping = "τ" if tau != keep else mu
    factor = f"(1 − {{{damping}}})·" if held else ""
    factor += f"{{{eta}}}·" if hyper["lr_inside"] else ""
    page.line(v, f"{{{mu}}}·{{{v}}} + {factor}{{g}}", after)
    page.line("θ", f"{{θ}} − {rate}{{{v}}}", page.end)


@explains(SignDescent)
def sign_descent(page: Page) -> None:
    """Descent by signs."""
    page.line("θ", "{θ} − {η}·sign({g})", page.end)


@explains(NormalizedGD)
def normalized(page: Page) -> None:
    """Descent by a gradient divided by its own size."""
    page.line("v", "{g}²", page.given**2)
    page.line("θ", "{θ} − {η}·{g}/(√{v} + {ε})", page.end)


@explains(Lion)
def lion(page: Page) -> None:
    """Lion."""
    beta1, beta2 = page.hyper["betas"]
    m = page.kept("exp_avg")
    page.line(
        "θ",
        "{θ} − {η}·sign({β₁}·{m} + (1 − {β₁})·{g})",
        page.end,
        m=m,
        **{"β₁": beta1, "β₂": beta2},
    )
    page.line("m", "{β₂}·{m} + (1 − {β₂})·{g}", page.after["exp_avg"])


def _average(page: Page, symbol: str, beta: str, value: str, name: str) -> Any:
    """Write the line of an exponential average; return what it makes."""
    page.names[symbol] = page.kept(name)
    page.line(symbol, f"{{{beta}}}·{{{symbol}}} + (1 − {{{beta}}})·{{{value}}}", page.after[name])
    return page.after[name]


def _mean_square(page: Page, symbol: str, beta: str, name: str) -> Any:
    """Write the line of an exponential average of squared gradients; return what it makes."""
    page.names[symbol] = page.kept(name)
    page.line(symbol, f"{{{beta}}}·{{{symbol}}} + (1 − {{{beta}}})·{{g}}²", page.after[name])
    return page.after[name]


def _root(page: Page, of: str) -> str:
    """Return the denominator √v + ε, or √(v + ε)."""
    return f"√({{{of}}} + {{ε}})" if page.hyper.get("eps_inside") else f"(√{{{of}}} + {{ε}})"


@explains(Adagrad)
def adagrad(page: Page) -> None:
    """Adagrad."""
    page.line("r", "{r} + {g}²", page.after["sum"], r=page.after["sum"] - page.given**2)
    rate = "{η}"
    if page.hyper["lr_decay"]:
        rate = "{η}/(1 + {c}·{t})"
        page.names |= {"c": page.hyper["lr_decay"], "t": page.number}
    page.line("θ", f"{{θ}} − {rate}·{{g}}/{_root(page, 'r')}", page.end)


@explains(RMSprop)
def rmsprop(page: Page) -> None:
    """RMSprop, also centred and with momentum."""
    page.names["α"] = page.hyper["alpha"]
    v = _mean_square(page, "v", "α", "square_avg")
    if page.hyper["centered"]:
        m = _average(page, "m", "α", "g", "grad_avg")
        page.line("v̄", "{v} − {m}²", np.maximum(v - m * m, 0))
    step = "{g}/" + _root(page, "v̄" if page.hyper["centered"] else "v")
    if page.hyper["momentum"]:
        b = page.kept("momentum_buffer")
        page.line("b", "{μ}·{b} + " + step, page.after["momentum_buffer"], b=b)
        step = "{b}"
    page.line("θ", "{θ} − {η}·" + step, page.end)


@explains(Adadelta)
def adadelta(page: Page) -> None:
    """Adadelta."""
    rho, eps = page.hyper["rho"], page.hyper["eps"]
    page.names["ρ"] = rho
    v = _mean_square(page, "v", "ρ", "square_avg")
    u = page.kept("acc_delta")
    delta = np.sqrt(u + eps) / np.sqrt(v + eps) * page.given
    page.line("Δ", "√({u} + {ε})/√({v} + {ε})·{g}", delta, u=u)
    page.line("u", "{ρ}·{u} + (1 − {ρ})·{Δ}²", page.after["acc_delta"])
    page.line("θ", "{θ} − {η}·{Δ}", page.end)


def _moments(page: Page) -> tuple[Any, Any]:
    """Write the first moment, and note both forgetting factors and the number of the step."""
    beta1, beta2 = page.hyper["betas"]
    page.names |= {"β₁": beta1, "β₂": beta2, "t": page.after["step"]}
    _average(page, "m", "β₁", "g", "exp_avg")
    return beta1, beta2


@explains(Adam)
def adam(page: Page) -> None:
    """Adam, and AdamW, whose decay is written before."""
    beta1, beta2 = _moments(page)
    m, t = page.after["exp_avg"], page.after["step"]
    v = _mean_square(page, "v", "β₂", "exp_avg_sq")
    largest = "v"
    if page.hyper["amsgrad"]:
        largest, v = "u", page.after["max_exp_avg_sq"]
        page.line("u", "max({u}, {v})", v, u=page.kept("max_exp_avg_sq"))
    if not page.hyper["bias_correction"]:
        page.line("θ", f"{{θ}} − {{η}}·{{m}}/(√{{{largest}}} + {{ε}})", page.end)
    elif page.hyper["eps_after_correction"]:
        page.line("m̂", "{m}/(1 − {β₁}^{t})", m / (1 - beta1**t))
        page.line("v̂", f"{{{largest}}}/(1 − {{β₂}}^{{t}})", v / (1 - beta2**t))
        page.line("θ", "{θ} − {η}·{m̂}/(√{v̂} + {ε})", page.end)
    else:
        page.line("c", "√(1 − {β₂}^{t})/(1 − {β₁}^{t})", math.sqrt(1 - beta2**t) / (1 - beta1**t))
        page.line("θ", f"{{θ}} − {{η}}·{{c}}·{{m}}/(√{{{largest}}} + {{ε}})", page.end)


@explains(Muon)
def muon(page: Page) -> None:
    """Muon, and AdamW for what goes to it."""
    hyper, mu = page.hyper, page.hyper["momentum"]
    if not hyper["use_muon"]:
        page.lines.append("by AdamW, as use_muon is False")
        page.hyper = {**Adam.defaults, "betas": hyper["adamw_betas"]}
        page.names["ε"] = hyper["adamw_eps"]
        adam(page)
        return
    u = m = _average(page, "m", "μ", "g", "momentum_buffer")
    if hyper["nesterov"]:
        u = mu * m + (1 - mu) * page.given
    page.line("u", "{μ}·{m} + (1 − {μ})·{g}" if hyper["nesterov"] else "{m}", u)
    matrix = u.reshape(page.shape[0], -1)
    turned = newton_schulz(matrix, hyper["ns_steps"], hyper["ns_coefficients"], hyper["eps"])
    page.fact("NS(u)", turned.reshape(-1), f"near U Vᵀ of u = U Σ Vᵀ, {len(matrix)} rows")
    page.fact("s", scale_of(matrix.shape, hyper["adjust_lr_fn"]))
    page.line("θ", "{θ} − {η}·{s}·{NS(u)}", page.end)


@explains(NAdam)
def nadam(page: Page) -> None:
    """NAdam."""
    beta1, beta2 = _moments(page)
    m, t, product = page.after["exp_avg"], page.after["step"], page.after["mu_product"]
    v = _mean_square(page, "v", "β₂", "exp_avg_sq")
    mu, following = (momentum_at(n, beta1, page.hyper["momentum_decay"]) for n in (t, t + 1))
    page.fact("μ", mu)
    page.fact("μ₊", following, "the next μ")
    page.fact("p", product, "the product of all μ so far")
    ahead = following * m / (1 - product * following) + (1 - mu) * page.given / (1 - product)
    page.line("m̂", "{μ₊}·{m}/(1 − {p}·{μ₊}) + (1 − {μ})·{g}/(1 − {p})", ahead)
    page.line("v̂", "{v}/(1 − {β₂}^{t})", v / (1 - beta2**t))
    page.line("θ", "{θ} − {η}·{m̂}/(√{v̂} + {ε})", page.end)


@explains(Adamax)
def adamax(page: Page) -> None:
    """Adamax."""
    beta1, _ = _moments(page)
    page.line("u", "max({β₂}·{u}, |{g}| + {ε})", page.after["exp_inf"], u=page.kept("exp_inf"))
    page.line("m̂", "{m}/(1 − {β₁}^{t})", page.after["exp_avg"] / (1 - beta1 ** page.after["step"]))
    page.line("θ", "{θ} − {η}·{m̂}/{u}", page.end)


@explains(RAdam)
def radam(page: Page) -> None:
    """RAdam."""
    beta1, beta2 = _moments(page)
    t = page.after["step"]
    _mean_square(page, "v", "β₂", "exp_avg_sq")
    page.line("m̂", "{m}/(1 − {β₁}^{t})", page.after["exp_avg"] / (1 - beta1**t))
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / (1 - beta2**t)
    page.fact("ρ", length, "terms that v averages over")
    if length <= 5:
        page.line("θ", "{θ} − {η}·{m̂}", page.end)
        return
    page.fact("r", rectification(length, longest))
    correction = math.sqrt(1 - beta2**t)
    page.line("c", "√(1 − {β₂}^{t})", correction)
    page.line("θ", "{θ} − {η}·{r}·{c}·{m̂}/(√{v} + {ε})", page.end)


@explains(LineSearchGD)
def line_search(page: Page) -> None:
    """Descent as far as a search along the line says."""
    page.fact("α", page.rate, "by the line search")
    page.line("θ", "{θ} − {α}·{g}", page.end)


@explains(HalveOnNoDecrease)
def halving(page: Page) -> None:
    """Descent that tries its rate, and halves it where the loss did not fall."""
    lr, factor = page.hyper["lr"], page.hyper["factor"]
    tried = page.start - lr * page.gradient
    page.line("θ′", "{θ} − {η}·{g}", tried)
    if page.rate:
        page.line("θ", "{θ′}", page.end)
    else:
        page.lines.append("J(θ′) is not less than J(θ): the step is taken back")
        page.line("θ", "{θ}", page.end)
    if page.next_lr == lr * factor:
        page.line("η", "{f}·{η}", page.next_lr, f=factor)
    else:
        page.fact("η", page.next_lr, "for the next step")


@explains(SAM)
def sam(page: Page) -> None:
    """Where SAM takes the gradient that its inner optimiser is given."""
    if page.measured:
        write_equation(page)
        return
    page.fact("∇J(θ)", page.gradient)
    adaptive, rho = page.hyper["adaptive"], page.hyper["rho"]
    unit = abs(page.start) if adaptive else np.ones_like(page.start)
    size = float(np.linalg.norm(unit * page.gradient))
    page.fact("n", size, "= ‖θ ∇J(θ)‖" if adaptive else "= ‖∇J(θ)‖")
    sign = -1 if page.hyper.get("maximize") else 1
    offset = sign * rho * unit**2 * page.gradient / (size + 1e-12)
    formula = "−" * (sign < 0) + "{ρ}·" + "{θ}²·" * adaptive + "{∇J(θ)}/({n} + 1e-12)"
    page.line("ε", formula, offset, ρ=rho)
    page.line("θ′", "{θ} + {ε}", page.start + offset)
    page.lines.append("  where g is taken")
    page.names["ε"] = page.hyper.get("eps")
