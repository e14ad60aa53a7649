"""Functions of one number."""

from __future__ import annotations

from minigrad._tensor import Tensor
from minigrad.optim.functions.objective import Objective, Point

parabola = Objective(
    "parabola",
    "4w² − 6w − 9",
    lambda w: 4 * w * w - 6 * w - 9,
    dimension=1,
    symbols=("w",),
    minima=(Point(0.75, -11.25),),
    window=((-0.5, 2.0),),
    start=0.0,
    source="document 002, section 3.1.1 and figure 3.1",
)

absolute = Objective(
    "absolute",
    "|θ|",
    lambda x: x.abs(),
    dimension=1,
    symbols=("θ",),
    minima=(Point(0.0, 0.0, smooth=False),),
    window=((-1.2, 1.2),),
    start=1.0,
    source="document 000, figure 1.2",
    note="The step does not shrink towards the minimum: descent with a constant rate never rests.",
)

convex = Objective(
    "convex",
    "x²",
    lambda x: x * x,
    dimension=1,
    minima=(Point(0.0, 0.0),),
    window=((-1.2, 1.2),),
    start=1.0,
    source="document 000, figure 1.3(a); the formula is ours",
)

jump = Objective(
    "jump",
    "x² + 0.3·[x > ½]",
    lambda x: x * x + 0.3 * (x > 0.5).to(x.dtype),
    dimension=1,
    minima=(Point(0.0, 0.0),),
    window=((-1.2, 1.2),),
    start=1.0,
    source="document 000, figure 1.3(b); the formula is ours",
    note="Not continuous at ½; the gradient on both sides is right, and descent passes.",
)

nearly_flat = Objective(
    "nearly_flat",
    "1 − exp(−25x²)",
    lambda x: 1 - (-25 * x * x).exp(),
    dimension=1,
    minima=(Point(0.0, 0.0),),
    window=((-1.2, 1.2),),
    start=1.0,
    source="document 000, figure 1.3(c); the formula is ours",
    note="The gradient has nearly vanished at the start.",
)

staircase = Objective(
    "staircase",
    "⌊4|x|⌋ / 4",
    lambda x: (4 * x.abs()).floor() / 4,
    dimension=1,
    minima=(Point(0.0, 0.0),),
    window=((-1.2, 1.2),),
    start=1.0,
    source="document 000, figure 1.3(d); the formula is ours",
    note="Piecewise constant: the gradient is 0.  All of |x| < ¼ is minimal.",
)

sqrt_abs = Objective(
    "sqrt_abs",
    "√|x| − 0.25",
    lambda x: x.abs().sqrt() - 0.25,
    dimension=1,
    minima=(Point(0.0, -0.25, smooth=False),),
    window=((-1.2, 1.2),),
    start=1.0,
    source="document 000, figure 1.3(e)",
    note="The gradient, ±1/(2√|x|), explodes towards the minimum.  At 0 itself it is NaN, as in PyTorch.",
)

wavy = Objective(
    "wavy",
    "sin 5x + ½x²",
    lambda x: (5 * x).sin() + 0.5 * x * x,
    dimension=1,
    minima=(
        Point(-2.7127399138492394, 2.8394541071330757),
        Point(-1.509460960656036, 0.1858941248767032),
        Point(-0.30206913774332794, -0.9525505345283507),
        Point(0.9060350671278896, -0.5729952032788208),
        Point(2.1119009292332938, 1.3236440018634967),
    ),
    window=((-3.0, 3.0),),
    start=1.5,
    source="document 000, figure 1.3(f); the formula is ours",
    note="Which minimum is found depends on the start.",
)

trench = Objective(
    "trench",
    "[|x| > ¼]",
    lambda x: ((4 * x.abs()).ceil() - 1).clamp(0, 1),  # with a gradient, 0, everywhere
    dimension=1,
    minima=(Point(0.0, 0.0),),
    window=((-1.2, 1.2),),
    start=1.0,
    source="document 000, section 1.6.1 and figure 1.4; the formula is ours",
    note="The gradient is 0.  All of |x| ≤ ¼ is minimal.",
)

two_wells = Objective(
    "two_wells",
    "¼w⁴ − ½w³ − ¾w² + w",
    lambda w: w**4 / 4 - w**3 / 2 - 0.75 * w * w + w,
    dimension=1,
    symbols=("w",),
    minima=(Point(-1.0, -1.0), Point(2.0, -1.0)),
    maxima=(Point(0.5, 0.265625),),
    window=((-2.0, 3.0),),
    start=0.6,
    source="document 002, example 3.1.3 and figure 3.5, corrected",
    note="With these coefficients the minima are where the document says; see two_wells_as_printed.",
)

two_wells_as_printed = Objective(
    "two_wells_as_printed",
    "⅓w⁴ − ½w³ − w² + w",
    lambda w: w**4 / 3 - w**3 / 2 - w * w + w,
    dimension=1,
    symbols=("w",),
    minima=(
        Point(-1.0321849823845466, -1.1693796674704895),
        Point(1.7394614789754441, -0.8661587885515782),
    ),
    maxima=(Point(0.41772350340910264, 0.21693494039706776),),
    window=((-2.0, 3.0),),
    start=0.6,
    source="document 002, example 3.1.3, as printed",
    note="The document says the minima are (−1, −1) and (2, −1); they are those of two_wells.",
)


def _shoulder(phi: Tensor) -> Tensor:
    wide = 0.5 * (-((phi - 0.65) ** 2) / 0.1).exp()
    narrow = 0.45 * (-((phi - 0.35) ** 2) / 0.02).exp()
    return 1 - wide - narrow


shoulder = Objective(
    "shoulder",
    "1 − 0.5 exp(−(φ − 0.65)²/0.1) − 0.45 exp(−(φ − 0.35)²/0.02)",
    _shoulder,
    dimension=1,
    symbols=("φ",),
    minima=(Point(0.38032152882394216, 0.32860365746917014),),
    window=((0.0, 1.0),),
    start=0.9,
    source="document 003, figure 6.1: notebook 6.1 of its textbook",
    note="For searching along a line.  Beside the minimum it is nearly flat, around 0.61.",
)
