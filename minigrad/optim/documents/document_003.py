"""Document 003: book chapter 6, "Fitting models"."""

from minigrad.optim.documents.entry import Entry

ENTRIES = (
    Entry(
        "003.01", "eq. 6.5",
        "The sum of squares of a line.",
        names=("optim.functions.linear_regression", "data.load_line"),
        figures=("fig_003_6_1_linear_regression.py",),
        number="12 pairs: L(0.6, −0.2) = 12.366904; least at (0.825950, 0.522226), 0.199866",
        tests=(
            "tests/test_optim_functions.py::test_rows_003_01_to_003_03_linear_regression",
            "tests/test_optim_curvature.py::test_row_003_01_gauss_and_newton_fit_a_line_in_one_step",
        ),
        note="Equations 6.1 to 6.4 are not in the document.",
    ),
    Entry(
        "003.02", "eq. 6.6, eq. 6.7",
        "Its gradient: (2e, 2xe), summed over the pairs.",
        names=("func.grad",),
        figures=("fig_003_6_1_linear_regression.py",),
        number="at (0.6, −0.2): (−21.904, −26.84044)",
        tests=("tests/test_optim_functions.py::test_rows_003_01_to_003_03_linear_regression",),
    ),
    Entry(
        "003.03", "fig. 6.1",
        "Descent on it, with a search along the line in each step.",
        names=("optim.LineSearchGD", "optim.line_search.bracketing", "optim.line_search.exact"),
        figures=("fig_003_6_1_linear_regression.py",),
        number=(
            "from (1.6, −0.5): 5.02012, 2.83536, 1.65686, 1.00551, 0.649115, …, step 10 0.213405; exact "
            "search 0.211374"
        ),
        tests=(
            "tests/test_optim_line_search.py::test_row_003_03_descent_of_figure_6_1",
            "tests/test_optim_line_search.py::test_row_003_03_exact_steps_come_a_little_lower",
            "tests/test_optim_functions.py::test_row_003_03_exact_line_search_on_the_regression",
        ),
        note="Start and number of steps are lost: these are ours.",
    ),
    Entry(
        "003.04", "notebook 6.1",
        "The function of its line search, with two dips.",
        names=("optim.functions.shoulder", "optim.line_search.bracketing"),
        number="least at 0.380322, 0.328604; the search gives 0.38323, 0.32876",
        tests=(
            "tests/test_optim_line_search.py::test_row_003_04_the_three_rules_find_a_minimum_of_two",
            "tests/test_optim_functions.py::test_row_003_04_the_function_of_notebook_61",
        ),
    ),
    Entry(
        "003.05", "eq. 6.8, fig. 6.2",
        "The Gabor model: sin(u) exp(−u²/32), u = φ₀ + 0.06 φ₁x.",
        names=("data.gabor", "optim.functions.gabor"),
        figures=("fig_003_6_2_gabor_model.py",),
        tests=(
            "tests/test_data_formulas.py::test_gabor_is_the_gabor_function",
            "tests/test_optim_functions.py::test_rows_003_05_and_003_06_the_gabor_loss",
        ),
        note="Which parameters fig. 6.2 has is lost.",
    ),
    Entry(
        "003.06", "eq. 6.9, fig. 6.3, fig. 6.4",
        "Its data and its loss, with many minima.",
        names=("optim.functions.gabor", "data.load_gabor"),
        figures=("fig_003_6_2_gabor_model.py", "fig_003_6_4_gabor_loss.py"),
        number=(
            "30 points: L(−1.5, 8.5) = 11.69602, L(0.6, −0.2) = 16.41883; minima 0.6457, 3.3564, 3.6705, "
            "5.0391, 5.5111, 6.5279, 9.9613, 10.1823; 20 saddles, 12 maxima"
        ),
        tests=(
            "tests/test_optim_functions.py::test_rows_003_05_and_003_06_the_gabor_loss",
            "tests/test_optim_functions.py::"
            "test_row_003_06_the_gabor_loss_has_8_minima_20_saddles_and_12_maxima",
            "tests/test_optim_curvature.py::test_row_003_06_the_gabor_model_is_fitted",
        ),
        misprint=(
            "The caption says 28 points and 0.64: other data than the notebook's. Text and caption "
            "disagree on the colours of the points and the cross."
        ),
    ),
    Entry(
        "003.07", "§6.1.2",
        "Convex: no chord crosses the surface.",
        names=("optim.is_convex_on", "optim.crossing_chord"),
        tests=(
            "tests/test_optim_analysis.py::test_row_003_07_chords_cross_the_surface_where_it_is_not_convex",
        ),
    ),
    Entry(
        "003.08", "§6.1.2",
        "Claim: local minima trap gradient descent.",
        names=("optim.search.restarts", "optim.functions.gabor"),
        figures=("fig_003_6_5_sgd.py",),
        number="of 600 starts, η = 0.1, 400 steps, 26.7 % reach the lowest minimum; median loss 3.67",
        tests=("tests/test_optim_search.py::test_row_003_08_local_minima_trap_gradient_descent",),
    ),
    Entry(
        "003.09", "§6.1.2",
        "Claim: saddles are flat; a small gradient may be one's.",
        names=("optim.stopping.GradientNorm", "optim.classify_critical_point"),
        figures=("fig_003_6_4_gabor_loss.py",),
        number="at (2.4735, 7.4280) the gradient is 0, that of batches of 5 is 5.089 in the median",
        tests=(
            "tests/test_minimize.py::test_row_003_09_a_small_gradient_stops_at_a_saddle_too",
            "tests/test_optim_functions.py::test_row_003_09_the_saddle_of_the_gabor_loss",
            "tests/test_documents_claims.py::"
            "test_rows_003_09_and_003_16_at_a_saddle_batches_still_have_a_gradient",
        ),
    ),
    Entry(
        "003.10", "§6.2 (i)",
        "Exhaustive search.",
        names=("optim.search.grid",),
        number="200 × 200 intervals: (0, 16.0), 0.645868",
        tests=("tests/test_optim_search.py::test_row_003_10_exhaustive_search",),
    ),
    Entry(
        "003.11", "§6.2 (ii)",
        "Descents from random starts, of which the best is kept.",
        names=("optim.search.restarts",),
        number="ten restarts succeed with probability 0.955",
        tests=(
            "tests/test_optim_search.py::test_row_003_11_restarts_help",
            "tests/test_optim_search.py::test_restarts_keep_the_best_descent",
        ),
    ),
    Entry(
        "003.12", "§6.2, fig. 6.5",
        "Claim: stochastic descent may go uphill, and to another valley.",
        names=("optim.SGD", "optim.functions.gabor"),
        figures=("fig_003_6_5_sgd.py", "fig_003_6_6_batches.py"),
        number=(
            "of all batches of 3, α = 0.8, 51 % lead uphill at (−1.5, 8.5), 75 % at (0, 14), 26 % at "
            "(0.5, 15)"
        ),
        tests=(
            "tests/test_documents_claims.py::test_row_003_12_how_many_batches_lead_uphill",
            "tests/test_documents_claims.py::test_rows_000_35_and_003_12_batches_lead_out_of_a_small_valley",
        ),
        note="Starts and rates of fig. 6.5 are lost.",
    ),
    Entry(
        "003.13", "eq. 6.10",
        "Stochastic gradient descent: φ ← φ − α Σ over the batch.",
        names=("optim.SGD",),
        figures=("fig_003_6_5_sgd.py",),
        number="notebook 6.3: (−0.49668, 12.26841), L = 4.624355",
        tests=("tests/test_optim_descent.py::test_003_13_notebook_6_3",),
        note="A sum over the batch, where documents 000, 002 and 004 have the mean.",
    ),
    Entry(
        "003.14", "§6.2.1",
        "Batches without replacement; an epoch; from one item to all.",
        names=("optim.minibatches", "data.DataLoader", "data.RandomSampler"),
        figures=("fig_001_batches.py",),
        tests=(
            "tests/test_optim_regimes.py::test_rows_002_11_and_003_14_an_epoch_is_a_random_partition",
            "tests/test_data.py::test_every_epoch_has_a_new_order_of_all_samples",
        ),
    ),
    Entry(
        "003.15", "§6.2.1, fig. 6.6",
        "Each step is one of descent on another loss, the same on the average.",
        names=("optim.SGD",),
        figures=("fig_003_6_6_batches.py",),
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_003_15_the_expected_gradient_and_loss_of_a_batch_are_those_of_all",
        ),
    ),
    Entry(
        "003.16", "§6.2.2",
        "Five claims for stochastic descent.",
        names=("optim.minibatches", "optim.SGD"),
        figures=("fig_003_6_5_sgd.py", "fig_003_6_6_batches.py"),
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_003_16_a_step_improves_the_fit_to_its_batch_and_an_epoch_uses_all_items",
            "tests/test_documents_claims.py::"
            "test_rows_003_09_and_003_16_at_a_saddle_batches_still_have_a_gradient",
        ),
        note=(
            "Shown: it improves the fit to its batch, uses all data, is cheaper (000.35), leaves minima "
            "and saddles. That it generalises better is said only."
        ),
    ),
    Entry(
        "003.17", "§6.2.2",
        "A rate that is divided by a constant every N epochs.",
        names=("optim.schedules.Step", "optim.lr_scheduler.StepLR"),
        figures=("fig_000_schedules.py",),
        number="as in 000.10",
        tests=(
            "tests/test_optim_schedules.py::test_values",
            "tests/test_train.py::test_schedulers_are_stepped_once_an_epoch",
        ),
    ),
    Entry(
        "003.18", "handwriting",
        "Descent until convergence.",
        names=("optim.minimize", "optim.stopping.GradientNorm", "optim.stopping.LossChange"),
        tests=(
            "tests/test_minimize.py::test_criteria_end_it_and_say_why",
            "tests/test_stopping.py::test_when_they_stop",
        ),
        note='"Convergence" is not defined: the criterion has to be chosen.',
    ),
    Entry(
        "003.19", "handwriting",
        "Stochastic descent until convergence: a loop over epochs, one over batches.",
        names=("train.fit", "optim.minibatches"),
        tests=(
            "tests/test_train.py::test_it_is_the_loop_one_would_write",
            "tests/test_train.py::test_it_stops_early_and_says_why",
        ),
    ),
    Entry(
        "003.20", "handwriting",
        "Rates that fall too fast, αᵗ = 1/Cᵗ, or not fast enough.",
        names=("optim.schedules.Exponential", "optim.schedules.InverseTime"),
        number=(
            "½w² from 1: C = 1.1, 1.5, 2, 4 stop at 2.6e-7, 0.069272, 0.288788, 0.688538; 1/t goes to 0"
        ),
        tests=(
            "tests/test_documents_claims.py::test_row_003_20_rates_that_fall_too_fast_stop_on_the_way",
            "tests/test_documents_claims.py::test_row_003_20_rates_that_fall_like_1_over_t_arrive",
            "tests/test_optim_schedules.py::test_a_rate_that_decays_too_fast_stops_anywhere",
        ),
        note="Two sketches are lost. What is meant: Σα = ∞, Σα² < ∞.",
    ),
    Entry(
        "003.21", "handwriting",
        "min Σℓᵢ(φ) + λ‖φ‖².",
        names=("optim.regularized", "optim.transforms.l2"),
        number="as in 002.14",
        tests=("tests/test_optim_transforms.py::test_in_gradient_descent_all_places_are_the_same",),
    ),
    Entry(
        "003.22", "eq. 6.11",
        "Momentum as an average: m ← βm + (1 − β)Σ∂ℓ; φ ← φ − αm.",
        names=("optim.Momentum.ema",),
        figures=("fig_003_6_7_momentum.py",),
        number="notebook 6.4: (0.020955, 15.070488), L = 0.745915; without momentum 0.936316",
        tests=(
            "tests/test_optim_momentum.py::test_003_22_and_003_28_notebook_6_4",
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
            "tests/test_trajectory.py::test_averaged_momentum_has_the_letters_of_document_003",
        ),
        misprint="β ∈ [0, 1] is to be [0, 1): with β = 1 nothing moves.",
    ),
    Entry(
        "003.23", "fig. 6.7",
        "Claim: momentum is smoother and faster.",
        names=("optim.Momentum.ema",),
        figures=("fig_003_6_7_momentum.py",),
        number="as in 003.22",
        tests=("tests/test_optim_momentum.py::test_003_22_and_003_28_notebook_6_4",),
    ),
    Entry(
        "003.24", "handwriting",
        "β = 0.9 is about the last 10 terms, 0.99 the last 100.",
        names=("optim.effective_window",),
        number="the share of these terms: 0.651, 0.634",
        tests=("tests/test_optim_analysis.py::test_row_003_24_the_window_of_an_average",),
    ),
    Entry(
        "003.25", "handwriting",
        "The average unrolled: β^(t+1) m₀ + (1 − β) Σ β^(t−k) g_k.",
        names=("optim.Momentum.ema",),
        number="g = 1 … 5, β = 0.9: 1.31441 both ways",
        tests=(
            "tests/test_documents_claims.py::test_row_003_25_the_average_unrolled",
            "tests/test_optim_momentum.py::test_003_25_the_average_is_the_weighted_sum_of_all_gradients",
        ),
        misprint=(
            'The handwritten factors β^(t−2)(1 − β)² and "(0.9)(0.1)²" are wrong; "(−β)" is (1 − β).'
        ),
    ),
    Entry(
        "003.26", "§6.3",
        "Claim: a weighted sum of all gradients; the step is larger if they agree.",
        names=("optim.Momentum.ema",),
        number="constant g: the step goes to αg",
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_003_26_gradients_that_agree_give_a_step_of_the_full_rate",
            "tests/test_optim_momentum.py::"
            "test_003_26_along_a_constant_gradient_the_step_becomes_the_rate_times_it",
        ),
    ),
    Entry(
        "003.27", "handwriting",
        "Weights are not hyperparameters (α, β).",
        names=("optim.Optimizer", "nn.Module.parameters"),
        tests=(
            "tests/test_documents_claims.py::test_row_001_02_parameters_and_hyperparameters_are_kept_apart",
        ),
        note="As 001.02.",
    ),
    Entry(
        "003.28", "eq. 6.12, fig. 6.8",
        "Nesterov: the gradient is taken where momentum leads.",
        names=("optim.Nesterov.lookahead", "optim.Nesterov.sutskever"),
        figures=("fig_003_6_8_nesterov.py",),
        number="notebook 6.4: as printed 0.803359, corrected 0.800868",
        tests=(
            "tests/test_optim_momentum.py::test_003_22_and_003_28_notebook_6_4",
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
            "tests/test_optim_momentum.py::test_the_shifted_form_is_where_sutskevers_looks",
        ),
        misprint=(
            'Printed φ − αm; read φ − αβm, as in later editions. lookahead(at="alpha_m") is the printed '
            "one."
        ),
    ),
    Entry(
        "003.29", "handwriting",
        "Nesterov predicts where φ will be.",
        names=("optim.Nesterov.lookahead",),
        figures=("fig_003_6_8_nesterov.py",),
        tests=(
            "tests/test_optim_momentum.py::test_the_shifted_form_is_where_sutskevers_looks",
            "tests/test_trajectory.py::test_nesterov_shows_where_the_gradient_was_taken",
        ),
    ),
    Entry(
        "003.30", "handwriting",
        "A list: GD, SGD, momentum, Nesterov, Adam.",
        names=("optim.SGD", "optim.Momentum", "optim.Nesterov", "optim.Adam"),
        tests=("tests/test_optim.py::test_each_class_says_its_equation_and_what_it_observes",),
        misprint='Adam is adaptive moment estimation, not "momentum".',
    ),
    Entry(
        "003.31", "handwriting",
        "Names AdamW and Muon.",
        names=("optim.AdamW", "optim.Muon"),
        tests=(
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
            "tests/test_optim_muon.py::test_against_the_equation",
        ),
        note="Names only; see 2.4 and 3.3.",
    ),
    Entry(
        "003.32", "eq. 6.13",
        "As printed m ← ∂L/∂φ, v ← (∂L/∂φ)²; over it, by hand, their averages.",
        names=("optim.NormalizedGD", "optim.Adam"),
        figures=("fig_003_6_9_adam.py",),
        tests=(
            "tests/test_optim_first_order.py::"
            "test_003_32_normalized_descent_divides_by_the_root_of_the_squared_gradient",
            "tests/test_optim_first_order.py::test_003_35_adam_on_figure_6_9",
        ),
        misprint=(
            "It shows ∂²L/∂φ² where the square of the gradient is meant; the scan merges print and "
            "handwriting."
        ),
    ),
    Entry(
        "003.33", "eq. 6.14, fig. 6.9",
        "Normalised gradients: φ ← φ − α m/(√v + ε), a fixed distance in each direction.",
        names=("optim.NormalizedGD", "optim.SignDescent", "optim.functions.ravine"),
        figures=("fig_003_6_9_adam.py",),
        number=(
            "α = 0.08: to and fro between (0.66, −0.02) and (0.74, 0.06); with ε = 0.001 ends at "
            "(0.735962, 0.051761)"
        ),
        tests=(
            "tests/test_optim_first_order.py::"
            "test_003_33_and_001_19_normalized_gradients_bounce_around_the_minimum",
        ),
        note="ε = 0.001 is handwritten; the notebook has 1e-20.",
    ),
    Entry(
        "003.34", "fig. 6.9(a), fig. 6.9(b)",
        "Descent with a small and a large rate.",
        names=("optim.SGD", "optim.functions.ravine"),
        figures=("fig_003_6_9_adam.py",),
        number=(
            "α = 0.08, 200 steps: (0.668404, 0), 1.25e-4; α = 1, 40 steps: (0.696, 0.195), still jumping"
        ),
        tests=(
            "tests/test_optim_descent.py::test_003_34_small_and_large_rates",
            "tests/test_optim_functions.py::test_row_003_34_descent_in_the_ravine",
        ),
    ),
    Entry(
        "003.35", "eq. 6.15, eq. 6.16, eq. 6.17, fig. 6.9(d)",
        "Adam: averages m and v, corrected; φ ← φ − α m̃/(√ṽ + ε).",
        names=("optim.Adam",),
        figures=("fig_003_6_9_adam.py",),
        number=(
            "notebook 6.5: (0.667073, 0.029500), 1.874e-3; not corrected, ε = 0.001: (0.743066, "
            "−0.007164)"
        ),
        tests=(
            "tests/test_optim_first_order.py::test_003_35_adam_on_figure_6_9",
            "tests/test_optim_first_order.py::test_003_35_the_first_step_without_correction_is_too_long",
            "tests/test_trajectory.py::test_adam_shows_the_corrected_moments",
        ),
        misprint=(
            "Without correction the averages are too small, as is said; the first step is too large, "
            "3.162 α at γ = 0.999."
        ),
    ),
    Entry(
        "003.36", "eq. 6.18",
        "Adam on the sum over a batch.",
        names=("optim.Adam",),
        number="a factor of the gradient changes nothing, but for ε",
        tests=(
            "tests/test_documents_claims.py::test_row_003_36_adam_takes_sum_and_mean_alike",
            "tests/test_optim_first_order.py::test_003_36_adam_does_not_see_a_factor_of_the_gradient",
        ),
    ),
    Entry(
        "003.37", "§6.4",
        "Claims: Adam depends less on α, balances layers, needs no elaborate schedule.",
        names=("optim.Adam",),
        figures=("race_surfaces.py", "race_digits.py"),
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_003_37_adam_balances_parameters_and_is_less_sensitive_to_the_rate",
        ),
    ),
    Entry(
        "003.38", "§6.5",
        "Train with many hyperparameters, keep the best.",
        names=("optim.tune.grid", "optim.tune.random"),
        tests=(
            "tests/test_optim_search.py::test_rows_001_22_002_27_and_003_38_tuning_runs_whole_trainings",
        ),
    ),
    Entry(
        "003.39", "margin",
        "Problems 6.3 to 6.8 are referred to.",
        note="Not done: their texts are not in the document.",
    ),
    Entry(
        "003.40", "notes",
        "Cauchy, Robbins and Monro, and SVRG: the full gradient now and then, stochastic steps "
        "between.",
        names=("optim.SVRG",),
        number="least squares 100 × 5: SVRG below 1e-11 in ten rounds, SGD stalls at about 0.01",
        tests=("tests/test_optim_svrg.py::test_row_003_40_it_comes_to_rest_where_sgd_stalls",),
        note="The note breaks off; the paper is followed.",
    ),
)  # fmt: skip
