"""Document 000: the chapter "Gradient-Based Learning Algorithms"."""

from minigrad.optim.documents.entry import Entry

ENTRIES = (
    Entry(
        "000.01", "eq. 1.1",
        "What training is: the parameters at which the criterion J is least.",
        names=("optim.minimize", "optim.functions.parabola"),
        figures=("fig_002_3_1_parabola.py",),
        number="4w² − 6w − 9 is least at 0.75, J = −11.25",
        tests=(
            "tests/test_optim_functions.py::test_row_000_01_and_002_01_the_parabola",
            "tests/test_optim_descent.py::test_000_01_and_002_01_the_parabola",
        ),
    ),
    Entry(
        "000.02", "fig. 1.1",
        "The loop: observe something of J at the operating point, update, repeat.",
        names=("optim.minimize", "optim.Trajectory", "optim.Optimizer"),
        number="K steps have K + 1 points",
        tests=(
            "tests/test_minimize.py::test_row_000_02_a_run_of_k_steps_has_k_plus_1_points",
            "tests/test_minimize.py::test_what_is_asked_elsewhere_is_computed_there",
        ),
        note=(
            "The figure is lost; optimizer.observes says what is observed: value, gradient or curvature."
        ),
    ),
    Entry(
        "000.03", "§1.2",
        "Zeroth order: J alone is seen; try points, move to a lower one.",
        names=("optim.RandomSearch", "optim.ES", "optim.search.random"),
        figures=("fig_001_tradeoffs.py",),
        tests=(
            "tests/test_optim_zeroth.py::test_row_000_03_random_search_never_rises",
            "tests/test_minimize.py::test_a_value_optimiser_sees_values_alone",
        ),
    ),
    Entry(
        "000.04", "§1.2, §1.3",
        "First order: θ moves against the gradient.",
        names=("optim.SGD", "optim.directional_derivative"),
        figures=("fig_001_step_sizes.py",),
        tests=(
            "tests/test_optim_analysis.py::test_row_004_01_no_direction_beats_the_negative_gradient",
        ),
        misprint=(
            'Twice the text says "the gradient direction"; the step is along the negative gradient, as '
            "in Alg. 1.1."
        ),
    ),
    Entry(
        "000.05", "§1.2, refs [2], [6]",
        "Higher order: the Hessian or an approximation; K-FAC and SAM are cited.",
        names=("optim.Newton", "optim.NewtonCG", "optim.KFAC", "optim.SAM", "func.hessian", "func.hvp"),
        figures=("fig_001_tradeoffs.py",),
        number="Newton's method: one step on any quadratic",
        tests=(
            "tests/test_optim_curvature.py::test_row_000_05_one_step_does_for_a_quadratic",
            "tests/test_optim_kfac.py::test_one_undamped_step_of_a_linear_layer_is_least_squares",
            "tests/test_optim_sam.py::test_row_000_05_the_first_step_on_diag_1_10",
        ),
        note="SAM takes two gradients and no Hessian.",
    ),
    Entry(
        "000.06", "Alg. 1.1",
        "Gradient descent: θ ← θ − ηg, K times.",
        names=("optim.SGD",),
        figures=("fig_001_step_sizes.py",),
        number=(
            "on 4w² − 6w − 9 from 0, w₂₀ is 0.608480 with η = 0.01; with 0.1 0.75; with 0.125 too, in "
            "one step; with 0.25 it cycles 0, 1.5; with 0.3 −626.762"
        ),
        tests=(
            "tests/test_optim_descent.py::test_000_06_and_002_03_twenty_steps",
            "tests/test_optim_functions.py::test_row_000_06_descent_on_the_parabola",
        ),
    ),
    Entry(
        "000.07", "§1.3, ref [4]",
        "Claim: small rates and a random start lead to a local minimum, almost surely.",
        names=("optim.functions.escape",),
        number=(
            "½(x² − y²) + ¼y⁴, η = 0.1: from (1, 0) to the saddle (0, 0), from (1, 1e-8) to the minimum "
            "(0, 1)"
        ),
        tests=(
            "tests/test_optim_descent.py::test_000_07_a_saddle_holds_only_who_starts_exactly_above_it",
            "tests/test_optim_functions.py::test_row_000_07_descent_may_end_at_a_saddle",
        ),
        note="It needs η < 1/L.",
    ),
    Entry(
        "000.08", "eq. 1.2, Alg. 1.2",
        "Learning rates that depend on the step, and descent with them.",
        names=("optim.schedules.Schedule", "optim.lr_scheduler.ScheduleLR"),
        figures=("fig_000_schedules.py",),
        tests=(
            "tests/test_optim_schedules.py::test_a_schedule_sets_the_steps_of_training",
            "tests/test_minimize.py::test_the_recorded_rate_is_the_one_that_was_used",
        ),
    ),
    Entry(
        "000.09", "eq. 1.3",
        "Exponential decay: ηᵏ = β⁻ᵏ η⁰.",
        names=("optim.schedules.Exponential", "optim.lr_scheduler.ExponentialLR"),
        figures=("fig_000_schedules.py",),
        number="β = 1.01, k = 100: 0.369711 η⁰",
        tests=(
            "tests/test_optim_schedules.py::test_values",
            "tests/test_optim_schedules.py::test_rates_equal_pytorchs",
            "tests/test_documents_claims.py::test_row_000_09_the_rate_decays_for_beta_above_1_only",
        ),
        misprint="It decays for β > 1; β = 0.99 would grow 2.73-fold in 100 steps, and is refused.",
    ),
    Entry(
        "000.10", "eq. 1.4",
        "Stepwise decay: ηᵏ = β^(−⌊k/M⌋) η⁰.",
        names=("optim.schedules.Step", "optim.lr_scheduler.StepLR"),
        figures=("fig_000_schedules.py",),
        number="β = 2, M = 30, k = 0, 29, 30, 60, 99: 1, 1, 0.5, 0.25, 0.125",
        tests=(
            "tests/test_optim_schedules.py::test_values",
            "tests/test_optim_schedules.py::test_rates_equal_pytorchs",
        ),
        misprint=(
            "As in eq. 1.3, β > 1. The letter M is the number of samples in Alg. 1.4, of parameters in "
            "Alg. 1.5."
        ),
    ),
    Entry(
        "000.11", "eq. 1.5",
        "Linear decay: ηᵏ = (K − k)/K · η⁰.",
        names=("optim.schedules.Linear", "optim.lr_scheduler.PolynomialLR"),
        figures=("fig_000_schedules.py",),
        number="K = 100, k = 0, 1, 50, 99: 1, 0.99, 0.5, 0.01",
        tests=(
            "tests/test_optim_schedules.py::test_values",
            "tests/test_optim_schedules.py::test_rates_equal_pytorchs",
        ),
        note="The last rate that is used is η⁰/K, not 0.",
    ),
    Entry(
        "000.12", "§1.4",
        "Claim: linear and cosine decay depend on K, so that runs of different length do not compare.",
        names=("optim.schedules.Linear", "optim.schedules.Cosine"),
        figures=("fig_000_schedules.py",),
        number="at k = 50: 0.5 of K = 100, 0.75 of K = 200",
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_000_12_linear_and_cosine_decay_depend_on_the_length_of_the_run",
        ),
    ),
    Entry(
        "000.13", "§1.4",
        "Decay on a plateau: only after many steps without a decrease.",
        names=("optim.lr_scheduler.ReduceLROnPlateau",),
        tests=(
            "tests/test_optim_schedules.py::test_rates_equal_pytorchs",
            "tests/test_optim_schedules.py::test_halving_when_there_is_no_decrease",
        ),
        note=(
            "\"Many\" is left open: PyTorch's defaults are 10 steps, a factor of 0.1, a relative threshold "
            "of 1e-4."
        ),
    ),
    Entry(
        "000.14", "§1.4, ref [5]",
        "Cosine decay, and with warm restarts.",
        names=(
            "optim.schedules.Cosine", "optim.schedules.CosineRestarts",
            "optim.lr_scheduler.CosineAnnealingLR", "optim.lr_scheduler.CosineAnnealingWarmRestarts",
        ),
        figures=("fig_000_schedules.py",),
        number=(
            "T₀ = 10, growth 2, η = 0.1, k = 0, 5, 9, 10, 20, 29, 30: 0.1, 0.05, 0.00245, 0.1, 0.05, "
            "0.00062, 0.1"
        ),
        tests=(
            "tests/test_optim_schedules.py::test_values",
            "tests/test_optim_schedules.py::test_rates_equal_pytorchs",
        ),
        note=(
            "PyTorch's CosineAnnealingLR climbs again after T_max: 0.00245 at k = 11 of 10. So does "
            "Cosine(periodic=True)."
        ),
    ),
    Entry(
        "000.15", "eq. 1.6, Alg. 1.3",
        "Momentum, the rate inside: v ← μv − ηg; θ ← θ + v.",
        names=("optim.Momentum.classical",),
        figures=("fig_000_1_2_momentum_on_abs.py",),
        number="25 steps on ½(x² + 10y²): (−0.12622966, 0.10108966)",
        tests=(
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
            "tests/test_optim_momentum.py::test_the_recurrence",
            "tests/test_trajectory.py::test_momentum_reads_as_in_document_000",
        ),
    ),
    Entry(
        "000.16", "fig. 1.2",
        "Momentum on |θ|: some is faster, too much does not come to rest.",
        names=("optim.Momentum.classical", "optim.functions.absolute"),
        figures=("fig_000_1_2_momentum_on_abs.py",),
        number=(
            "first within 0.01 at step 99 (μ = 0), 51 (0.5), 39 (0.9), 69 (0.95, which overshoots to "
            "−0.468)"
        ),
        tests=(
            "tests/test_optim_momentum.py::test_000_16_absolute_value_with_momentum",
            "tests/test_optim_functions.py::test_row_000_16_momentum_on_the_absolute_value",
        ),
        note="η and θ⁰ are not given: here 0.01 and 1. The third μ is not named: here 0.",
    ),
    Entry(
        "000.17", "§1.5, refs [3], [7], [9], [11]",
        "Alternatives that are named: Nesterov and Adam; Polyak and Sutskever.",
        names=("optim.Nesterov.sutskever", "optim.Adam", "optim.Momentum.classical"),
        figures=("fig_003_6_8_nesterov.py",),
        number=(
            "condition number 100, 200 steps: descent leaves 0.0259, Nesterov 1.5e-8, Polyak's heavy "
            "ball 1.4e-15"
        ),
        tests=("tests/test_optim_momentum.py::test_000_17_condition_number_100",),
    ),
    Entry(
        "000.18", "§1.6",
        "Claim: the criterion is a useful local signal, not differentiability.",
        names=("optim.functions.convex", "optim.functions.staircase"),
        figures=("fig_000_1_3_six_functions.py",),
        tests=("tests/test_documents_claims.py::test_row_000_18_what_counts_is_a_useful_local_signal",),
    ),
    Entry(
        "000.19", "fig. 1.3(a)",
        "Descent on a convex function.",
        names=("optim.functions.convex",),
        figures=("fig_000_1_3_six_functions.py",),
        number="η = 0.01, μ = 0.9, 500 steps from 1: 2e-13",
        tests=("tests/test_optim_functions.py::test_rows_000_19_and_000_20_a_jump_does_no_harm",),
        note=(
            "The document prints the formula of (e) alone; those of the other five functions are ours."
        ),
    ),
    Entry(
        "000.20", "fig. 1.3(b)",
        "A jump, with a gradient on both sides.",
        names=("optim.functions.jump",),
        figures=("fig_000_1_3_six_functions.py",),
        number="the same: 2e-13, the jump does no harm",
        tests=("tests/test_optim_functions.py::test_rows_000_19_and_000_20_a_jump_does_no_harm",),
        misprint=(
            '"(b) and (c) are discontinuous": by its own caption (c) is nearly flat. Read (b) and (d).'
        ),
    ),
    Entry(
        "000.21", "fig. 1.3(c)",
        "Nearly flat: a vanished gradient.",
        names=("optim.functions.nearly_flat",),
        figures=("fig_000_1_3_six_functions.py",),
        number="from 1, after 500 steps: 1.000000",
        tests=(
            "tests/test_optim_functions.py::test_rows_000_21_and_000_22_without_slope_there_is_no_way",
        ),
    ),
    Entry(
        "000.22", "fig. 1.3(d)",
        "Piecewise constant: a gradient of 0.",
        names=("optim.functions.staircase",),
        figures=("fig_000_1_3_six_functions.py",),
        number="it never moves",
        tests=(
            "tests/test_optim_functions.py::test_rows_000_21_and_000_22_without_slope_there_is_no_way",
            "tests/test_optim_functions.py::test_row_000_22_the_staircase_is_level_but_not_continuous",
        ),
    ),
    Entry(
        "000.23", "fig. 1.3(e)",
        "√|x| − 0.25: the gradient is infinite at the minimum.",
        names=("optim.functions.sqrt_abs",),
        figures=("fig_000_1_3_six_functions.py",),
        number=(
            "η = 0.01: with μ = 0.9 thrown out to [1.19, 2.82], with μ = 0 between −0.153 and 0.071; a "
            "cycle of radius (η/4)^(2/3) = 0.01842"
        ),
        tests=(
            "tests/test_optim_functions.py::test_row_000_23_the_gradient_explodes_towards_the_minimum",
            "tests/test_documents_claims.py::test_row_000_23_without_momentum_it_wanders_around_the_minimum",
        ),
        misprint=(
            "The scan doubles the absolute value; taken once, the gradient is infinite at the minimum, "
            "as is said."
        ),
    ),
    Entry(
        "000.24", "fig. 1.3(f)",
        "Several minima: the start decides.",
        names=("optim.functions.wavy",),
        figures=("fig_000_1_3_six_functions.py",),
        number="from −1.5, −0.5, 0.5, 1.5, 2.5 to −1.5095, −0.3021, 0.9060, 0.9060, 2.1119",
        tests=("tests/test_optim_functions.py::test_row_000_24_the_start_decides_where_descent_ends",),
    ),
    Entry(
        "000.25", "§1.6",
        "Claim: at a kink PyTorch takes a one-sided derivative, always of the same side.",
        names=("abs", "relu", "clamp", "maximum", "sqrt"),
        number="abs 0, relu 0, leaky_relu(0.1) 0.1, clamp(min=0) 1, maximum(x, 0) 0.5, √x ∞, √|x| nan",
        tests=(
            "tests/test_documents_claims.py::test_row_000_25_at_a_kink_there_is_what_pytorch_takes",
            "tests/test_documents_claims.py::test_row_000_25_a_tie_is_shared_or_goes_to_one",
            "tests/test_optim_analysis.py::"
            "test_row_000_25_at_a_kink_differences_are_the_slopes_of_both_sides",
        ),
        misprint=(
            "True in part: PyTorch, and minigrad with it, takes the left slope, the right one, their "
            "mean or 0 by turns."
        ),
    ),
    Entry(
        "000.26", "§1.6.1",
        "Any direction in which the loss falls may take the place of the gradient.",
        names=("optim.Optimizer.step",),
        tests=(
            "tests/test_optim_transforms.py::test_000_26_any_direction_takes_the_place_of_the_gradient",
            "tests/test_optim_line_search.py::test_another_direction_than_the_gradient",
        ),
    ),
    Entry(
        "000.27", "§1.6.1",
        "A surrogate loss: descend a smoothed J, E J(θ + σε).",
        names=("optim.surrogate.smooth",),
        figures=("fig_000_surrogate.py",),
        number="[|x| > ¼], σ = 1: slope 0.1185 at 1; η = 0.1, 500 steps: 7.7e-5",
        tests=(
            "tests/test_optim_zeroth.py::test_row_000_27_descent_on_the_smoothed_jump",
            "tests/test_optim_zeroth.py::test_row_000_27_samples_have_the_slope_of_the_smoothed_jump",
        ),
    ),
    Entry(
        "000.28", "Alg. 1.4",
        "Evolution strategies: θ ← θ − η/(σM) Σ J(θ + σεᵢ) εᵢ.",
        names=("optim.ES",),
        figures=("fig_000_1_4_evolution_strategies.py",),
        number=(
            "‖θ‖² at (1, −2), σ = 0.1, M = 10: standard deviation 16.1, with the mean subtracted 1.5, "
            "mirrored 2.2"
        ),
        tests=(
            "tests/test_optim_zeroth.py::test_row_000_28_noise_and_bias_of_the_estimate",
            "tests/test_optim_zeroth.py::test_the_step_by_hand",
        ),
        misprint="Line 6 has θ for θᵏ.",
    ),
    Entry(
        "000.29", "fig. 1.4",
        "Evolution strategies where the gradient is 0: σ = 1, M = 10, η = 0.02.",
        names=("optim.ES", "optim.functions.staircase", "optim.functions.trench"),
        figures=("fig_000_1_4_evolution_strategies.py",),
        number="from 1: near the flat minimum at step 500, the last 500 of 2,000 in it",
        tests=("tests/test_optim_zeroth.py::test_row_000_29_figure_1_4",),
        misprint="The text says fig. 1.3(c), nearly flat; read (d), piecewise constant.",
    ),
    Entry(
        "000.30", "Alg. 1.5, §1.6.2",
        "Clipping by value: θ ← θ − η clip(g, −m, m), each coordinate by itself.",
        names=(
            "optim.transforms.clip_by_value", "optim.transforms.clip_by_norm",
            "nn.utils.clip_grad_value_",
        ),
        figures=("fig_000_1_5_clipping.py",),
        number="∞ becomes m, nan stays nan",
        tests=(
            "tests/test_optim_transforms.py::test_000_30_clipping_by_value",
            "tests/test_optim_transforms.py::test_clipping_by_norm_inside_is_clipping_outside",
        ),
        misprint=(
            '"Clamping the magnitude" would be clipping by norm; the algorithm clips by value. '
            '"Algorithm 5" is 1.5, "1.3(d)" is 1.3(e).'
        ),
    ),
    Entry(
        "000.31", "fig. 1.5",
        "Clipping with m = 0.1 on √|x| − 0.25.",
        names=("optim.transforms.clip_by_value", "optim.functions.sqrt_abs"),
        figures=("fig_000_1_5_clipping.py",),
        number=(
            "from 1, η = 0.01: μ = 0.9, 500 steps: J = −0.2138, late |x| ≤ 0.0022; μ = 0, 2,000 steps: 0"
        ),
        tests=(
            "tests/test_optim_transforms.py::test_000_31_clipping_tames_an_infinite_slope",
            "tests/test_optim_functions.py::test_row_000_31_clipping_tames_it",
        ),
        note="η and μ are not repeated; those of fig. 1.3 are taken.",
    ),
    Entry(
        "000.32", "eq. 1.7, eq. 1.8",
        "J is a mean over the data, and so is its gradient.",
        names=("optim.minibatches",),
        number="30 items: batches of 5 average to the gradient; of 7 they do not, as the last is short",
        tests=(
            "tests/test_optim_regimes.py::"
            "test_row_000_32_equal_batches_average_to_the_gradient_and_a_short_one_spoils_it",
            "tests/test_optim_descent.py::test_000_32_the_gradient_is_the_mean_over_shuffled_equal_batches",
        ),
    ),
    Entry(
        "000.33", "eq. 1.9",
        "The gradient of a batch, (1/B) Σ ∇L, drawn without replacement.",
        names=("optim.minibatches", "data.DataLoader"),
        figures=("fig_001_batches.py",),
        number="mean over all C(6, 3) batches: the gradient; with 1/N half of it",
        tests=(
            "tests/test_optim_regimes.py::test_row_000_33_the_mean_over_all_batches_is_the_gradient",
            "tests/test_optim_descent.py::test_000_33_and_003_15_the_mean_over_all_batches_is_the_gradient",
        ),
        misprint='Printed 1/N; the text says "average over this batch": 1/B.',
    ),
    Entry(
        "000.34", "Alg. 1.6",
        "Stochastic gradient descent: θᵏ⁺¹ ← θᵏ − ηg̃.",
        names=("optim.SGD", "train.fit"),
        figures=("fig_001_batches.py",),
        tests=(
            "tests/test_train.py::test_it_is_the_loop_one_would_write",
            "tests/test_optim.py::test_trajectory_equals_pytorchs",
        ),
        misprint="Printed θᵏ ← θᵏ⁻¹ with k from 0, and 1/N again; J and L are not among the inputs.",
    ),
    Entry(
        "000.35", "§1.7",
        "Claims: B trades accuracy for speed; stochastic descent can get over small bumps.",
        names=("optim.SGD",),
        figures=("fig_001_batches.py", "fig_003_6_5_sgd.py"),
        tests=(
            "tests/test_documents_claims.py::test_row_000_35_larger_batches_cost_more_and_err_less",
            "tests/test_documents_claims.py::test_rows_000_35_and_003_12_batches_lead_out_of_a_small_valley",
        ),
    ),
    Entry(
        "000.36", "§1.7, ref [12]",
        "Claim: for a linear model SGD often finds the solution of least norm.",
        names=("optim.SGD",),
        number="20 equations, 60 unknowns: from 0 the solution of least norm, to 1e-14",
        tests=(
            "tests/test_documents_claims.py::test_row_000_36_from_zero_sgd_finds_the_shortest_solution",
            "tests/test_optim_descent.py::test_000_36_from_zero_sgd_finds_the_solution_of_least_norm",
        ),
        note="From 0, with or without momentum; not from elsewhere, and not by Adam.",
    ),
    Entry(
        "000.37", "references",
        "The twelve references.",
        note=(
            "Nothing to compute: the classes cite them. The number of reference [3] is cut short; it is "
            "arXiv 1412.6980."
        ),
    ),
)  # fmt: skip
