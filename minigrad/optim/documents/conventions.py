"""Beside the documents: conventions of libraries, and the papers of what the documents name only."""

from minigrad.optim.documents.entry import Entry

ENTRIES = (
    Entry(
        "2.1.01", "eq. 1.6",
        "Classical momentum, the rate inside: v ← μv + ηg; θ ← θ − v.",
        names=("optim.Momentum.classical",),
        figures=("fig_000_1_2_momentum_on_abs.py",),
        tests=(
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
            "tests/test_optim_momentum.py::test_the_recurrence",
        ),
        note="Documents 000, 001, 004; DeZero, chainer, Keras.",
    ),
    Entry(
        "2.1.02", "§3.4.1",
        "PyTorch's momentum, the rate outside: v ← μv + g; θ ← θ − ηv.",
        names=("optim.SGD", "optim.Momentum.pytorch"),
        tests=(
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
            "tests/test_optim_momentum.py::test_pytorchs_form_is_sgd",
        ),
        note="Document 002; PyTorch, optax, tinygrad.",
    ),
    Entry(
        "2.1.03", "eq. 6.11",
        "An average: v ← βv + (1 − β)g; θ ← θ − αv.",
        names=("optim.Momentum.ema",),
        figures=("fig_003_6_7_momentum.py",),
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
        note="Document 003; optax's ema without debiasing.",
    ),
    Entry(
        "2.1.04", "dampening",
        "PyTorch's dampening d: v ← μv + (1 − d)g, but for the first step.",
        names=("optim.SGD", "optim.Momentum.pytorch"),
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
        note="PyTorch only; the first gradient is not dampened.",
    ),
    Entry(
        "2.1.05", "refs [7], [11] of 000",
        "Nesterov looking ahead: the gradient at θ − μv, v ← μv + ηg.",
        names=("optim.Nesterov.sutskever",),
        figures=("fig_003_6_8_nesterov.py",),
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.1.06", "eq. 6.12, corrected",
        "The same as an average: the gradient at φ − αβm.",
        names=("optim.Nesterov.lookahead",),
        figures=("fig_003_6_8_nesterov.py",),
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.1.07", "eq. 6.12, as printed",
        "The gradient at φ − αm.",
        names=("optim.Nesterov.lookahead",),
        figures=("fig_003_6_8_nesterov.py",),
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
        note='lookahead(at="alpha_m"); no library has it.',
    ),
    Entry(
        "2.1.08", "nesterov=True",
        "Nesterov in the shifted variable: v ← μv + g; θ ← θ − η(g + μv).",
        names=("optim.SGD",),
        tests=(
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
            "tests/test_optim_momentum.py::test_the_shifted_form_is_where_sutskevers_looks",
        ),
        note="PyTorch, optax, Keras.",
    ),
    Entry(
        "2.2.01", "25 steps",
        "Classical; PyTorch's; the average with α = η/(1 − β).",
        names=("optim.Momentum.classical", "optim.SGD", "optim.Momentum.ema"),
        number="(−0.12622966, 0.10108966), all three",
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.2.02", "25 steps",
        "The average with α = η.",
        names=("optim.Momentum.ema",),
        number="(2.52299044, 0.08415311)",
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.2.03", "25 steps",
        "PyTorch's with dampening 0.9.",
        names=("optim.SGD",),
        number="(2.29634224, 0.54977578)",
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.2.04", "25 steps",
        "optax's ema as it is by default, debiased.",
        number="(2.30645679, 0.26275310)",
        tests=("tests/test_documents_claims.py::test_row_2_2_forms_of_other_libraries",),
        note="No optimiser of minigrad: an average corrected as Adam's first moment.",
    ),
    Entry(
        "2.2.05", "25 steps",
        "Nesterov, shifted.",
        names=("optim.SGD",),
        number="(−0.07426687, 0.03510181)",
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.2.06", "25 steps",
        "Nesterov, looking ahead: Sutskever's, and eq. 6.12 corrected.",
        names=("optim.Nesterov.sutskever", "optim.Nesterov.lookahead"),
        number="(−0.00702856, −0.01071434)",
        tests=(
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
            "tests/test_optim_momentum.py::test_the_shifted_form_is_where_sutskevers_looks",
        ),
    ),
    Entry(
        "2.2.07", "25 steps",
        "Eq. 6.12 as printed.",
        names=("optim.Nesterov.lookahead",),
        number="(0.00564728, −0.01483455)",
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.2.08", "25 steps",
        "chainer's NesterovAG.",
        number="(−0.03126939, 0.00341634)",
        tests=("tests/test_documents_claims.py::test_row_2_2_forms_of_other_libraries",),
        note=(
            "Not implemented: it takes the new velocity where its paper has the old one; with the old "
            "one it is 2.2.05."
        ),
    ),
    Entry(
        "2.2.09", "25 steps",
        "A rate that falls to a tenth at step 10: inside and outside part.",
        names=("optim.Momentum.classical", "optim.SGD"),
        number="(0.59345731, 0.26901422) and (1.60697825, 0.39636266)",
        tests=(
            "tests/test_optim_momentum.py::test_the_forms_part_when_the_rate_drops_at_step_10",
            "tests/test_minimize.py::test_a_schedule_makes_classical_momentum_differ_from_pytorchs",
        ),
    ),
    Entry(
        "2.3.01", "SGD",
        "Documents: no default rate; here PyTorch's, 1e-3.",
        names=("optim.SGD",),
        tests=(
            "tests/test_optim.py::test_defaults_are_pytorchs",
            "tests/test_optim.py::test_trajectory_equals_pytorchs",
        ),
    ),
    Entry(
        "2.3.02", "weight decay",
        "Document 002: 2ηλ; PyTorch: ηλ.",
        names=("optim.transforms.l2", "optim.transforms.weight_decay"),
        tests=("tests/test_optim_transforms.py::test_002_21_both_meanings_of_the_coefficient",),
    ),
    Entry(
        "2.3.03", "clipping",
        "Document 000: by value; libraries: by value and by norm.",
        names=(
            "optim.transforms.clip_by_value", "optim.transforms.clip_by_norm",
            "nn.utils.clip_grad_norm_", "nn.utils.clip_grad_value_",
        ),
        tests=("tests/test_optim_transforms.py::test_clipping_by_norm_inside_is_clipping_outside",),
    ),
    Entry(
        "2.3.04", "AdaGrad",
        "ε outside of the root; optax and Keras have it inside, and begin with 0.1.",
        names=("optim.Adagrad",),
        number="25 steps, η = 0.1: (2.18803076, −1.21711804); as optax (2.18921432, −1.21714387)",
        tests=(
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
            "tests/test_optim.py::test_defaults_are_pytorchs",
        ),
    ),
    Entry(
        "2.3.05", "RMSProp",
        "ε outside of the root and α = 0.99, as in PyTorch; or inside and 0.9, as in optax.",
        names=("optim.RMSprop",),
        number="25 steps, η = 0.01: (2.16994086, −1.19999107); as optax (2.66763512, −1.67069206)",
        tests=(
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
            "tests/test_optim.py::test_defaults_are_pytorchs",
        ),
    ),
    Entry(
        "2.3.06", "Adam",
        "ε after the correction, as in the paper; before it, as in Keras.",
        names=("optim.Adam",),
        number=(
            "25 steps, η = 0.1: (0.73895727, 0.04673724); as Keras (0.73895809, 0.04673715); ε = 1e-3: "
            "0.73974592, 0.74719489"
        ),
        tests=(
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
            "tests/test_optim_first_order.py::test_a_large_eps_shows_where_it_is_added",
            "tests/test_optim.py::test_defaults_are_pytorchs",
        ),
    ),
    Entry(
        "2.3.07", "AdamW",
        "Decay 0.01 as in PyTorch; optax has 1e-4, Keras 0.004.",
        names=("optim.AdamW",),
        tests=(
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
            "tests/test_optim.py::test_defaults_are_pytorchs",
        ),
    ),
    Entry(
        "2.3.08", "Nesterov",
        "nesterov=True, as in the libraries.",
        names=("optim.SGD",),
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
    ),
    Entry(
        "2.3.09", "Adadelta",
        "Not in the documents; PyTorch's defaults.",
        names=("optim.Adadelta",),
        tests=(
            "tests/test_optim_first_order.py::test_the_first_step_of_adadelta_comes_from_eps",
            "tests/test_optim.py::test_defaults_are_pytorchs",
        ),
    ),
    Entry(
        "2.3.10", "sign",
        "Sign descent; PyTorch has Rprop, Keras Lion.",
        names=("optim.SignDescent", "optim.Rprop", "optim.Lion"),
        tests=("tests/test_optim_first_order.py::test_lion_is_its_equation",),
    ),
    Entry(
        "2.3.11", "exponential",
        "β⁻ᵏ, β > 1; PyTorch's gamma is 1/β.",
        names=("optim.schedules.Exponential", "optim.lr_scheduler.ExponentialLR"),
        tests=("tests/test_optim_schedules.py::test_rates_equal_pytorchs",),
    ),
    Entry(
        "2.3.12", "step",
        "β^(−⌊k/M⌋); StepLR(M, 1/β).",
        names=("optim.schedules.Step", "optim.lr_scheduler.StepLR"),
        tests=("tests/test_optim_schedules.py::test_rates_equal_pytorchs",),
    ),
    Entry(
        "2.3.13", "linear",
        "(K − k)/K; PolynomialLR(K).",
        names=("optim.schedules.Linear", "optim.lr_scheduler.PolynomialLR"),
        tests=("tests/test_optim_schedules.py::test_rates_equal_pytorchs",),
    ),
    Entry(
        "2.3.14", "linear to τ",
        "LinearLR(1.0, 0.01, τ).",
        names=("optim.schedules.Linear", "optim.lr_scheduler.LinearLR"),
        tests=("tests/test_optim_schedules.py::test_rates_equal_pytorchs",),
    ),
    Entry(
        "2.3.15", "cosine, restarts",
        "CosineAnnealingLR and CosineAnnealingWarmRestarts.",
        names=(
            "optim.schedules.Cosine", "optim.schedules.CosineRestarts",
            "optim.lr_scheduler.CosineAnnealingLR", "optim.lr_scheduler.CosineAnnealingWarmRestarts",
        ),
        tests=("tests/test_optim_schedules.py::test_rates_equal_pytorchs",),
    ),
    Entry(
        "2.3.16", "plateau",
        "ReduceLROnPlateau: factor 0.1, patience 10.",
        names=("optim.lr_scheduler.ReduceLROnPlateau",),
        tests=("tests/test_optim_schedules.py::test_rates_equal_pytorchs",),
    ),
    Entry(
        "2.4.01", "weight decay",
        "AdamW is not Adam with a penalty: on this quadratic Adam cancels the penalty.",
        names=("optim.AdamW", "optim.Adam"),
        number=(
            "25 steps, η = λ = 0.1: AdamW (0.41574978, 0.14407819), Adam with or without (0.73895727, "
            "0.04673724)"
        ),
        tests=(
            "tests/test_optim_transforms.py::test_in_adam_they_are_the_same_but_for_the_decoupled_one",
            "tests/test_optim_transforms.py::test_adamw_is_adam_with_decoupled_decay",
        ),
    ),
    Entry(
        "3.3.01", "Muon",
        "Jordan and others, 2024: orthogonalised momentum for matrices; the rest goes to AdamW.",
        names=("optim.Muon", "optim.muon.newton_schulz"),
        number="singular values land in [0.682, 1.134], not at 1",
        tests=(
            "tests/test_optim_muon.py::test_each_singular_value_lands_in_the_band",
            "tests/test_optim_muon.py::test_against_the_equation",
            "tests/test_optim_muon.py::test_matrices_go_to_muon_and_the_rest_to_adamw",
            "tests/test_optim_against_torch.py::test_muon_is_pytorchs_but_for_bfloat16",
        ),
    ),
    Entry(
        "3.3.02", "SAM",
        "Foret and others, 2021: the gradient at θ + ρg/‖g‖.",
        names=("optim.SAM",),
        number=(
            "diag(1, 10) from (3, −2), ρ = η = 0.05: (2.84963, −0.97528); at last a cycle of radius "
            "0.016667"
        ),
        tests=(
            "tests/test_optim_sam.py::test_row_000_05_the_first_step_on_diag_1_10",
            "tests/test_optim_sam.py::test_it_ends_in_a_cycle_of_known_radius",
        ),
    ),
    Entry(
        "3.3.03", "K-FAC",
        "Martens and Grosse, 2015: natural gradients by Kronecker factors.",
        names=("optim.KFAC",),
        number="a linear layer with squared error: one undamped step is least squares",
        tests=(
            "tests/test_optim_kfac.py::test_one_undamped_step_of_a_linear_layer_is_least_squares",
            "tests/test_optim_kfac.py::test_the_product_of_the_factors_takes_the_step_to_the_gradient",
            "tests/test_optim_kfac.py::test_digits_are_learnt_with_the_defaults",
        ),
    ),
    Entry(
        "3.3.04", "SVRG",
        "Johnson and Zhang, 2013: stochastic gradients corrected by a snapshot.",
        names=("optim.SVRG",),
        number="at the snapshot every step equals that of the full gradient",
        tests=(
            "tests/test_optim_svrg.py::test_at_the_snapshot_a_step_equals_the_full_gradient",
            "tests/test_optim_svrg.py::test_the_steps_by_hand",
        ),
    ),
    Entry(
        "3.3.05", "ES",
        "Salimans and others, 2017: mirrored pairs, centred ranks, any optimiser for the step.",
        names=("optim.ES",),
        figures=("fig_000_1_4_evolution_strategies.py",),
        tests=(
            "tests/test_optim_zeroth.py::test_rewards_are_climbed_by_any_optimiser",
            "tests/test_optim_zeroth.py::test_ranks_share_ties_and_put_nan_last",
            "tests/test_optim_zeroth.py::test_the_step_by_hand",
        ),
    ),
    Entry(
        "3.3.06", "Nesterov 1983",
        "His coefficients grow: μ_k = (t_k − 1)/t_{k+1}, t_{k+1} = (1 + √(1 + 4t_k²))/2.",
        names=("optim.Nesterov",),
        number="μ = 0, 0.28, 0.43, 0.53, …",
        tests=("tests/test_optim_momentum.py::test_growing_coefficients_are_nesterovs_of_1983",),
    ),
)  # fmt: skip
