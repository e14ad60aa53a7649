"""Document 002: book chapter 3, "Optimization via Gradient Descent"."""

from minigrad.optim.documents.entry import Entry

ENTRIES = (
    Entry(
        "002.01", "§3.1.1, fig. 3.1",
        "A walk down f = 4w² − 6w − 9.",
        names=("optim.functions.parabola", "optim.SGD"),
        figures=("fig_002_3_1_parabola.py",),
        number="f′(0) = −6, f′(1) = 2, f′(½) = −2; least at 0.75",
        tests=(
            "tests/test_optim_descent.py::test_000_01_and_002_01_the_parabola",
            "tests/test_optim_functions.py::test_row_000_01_and_002_01_the_parabola",
        ),
        misprint="The walk 0, 1, ½ has no fixed rate: η is 1/6, then ¼.",
    ),
    Entry(
        "002.02", "§3.1.2",
        "f(w + h) ≈ f(w) + ∇f·h, so that a step changes f by about −η‖∇f‖².",
        names=("optim.taylor",),
        figures=("fig_004_taylor.py",),
        number="example 3.1.2, η = 0.01: predicted −2.8125, in fact −2.96986",
        tests=(
            "tests/test_optim_analysis.py::"
            "test_rows_002_02_and_004_05_curvature_accelerates_the_descent_on_the_ring",
            "tests/test_optim_descent.py::test_002_02_and_002_04_the_ring",
        ),
    ),
    Entry(
        "002.03", "eq. 3.1",
        "Gradient descent: w ← w − η∇f.",
        names=("optim.SGD",),
        figures=("fig_002_3_2_ring.py",),
        number="as in 000.06",
        tests=("tests/test_optim_descent.py::test_000_06_and_002_03_twenty_steps",),
    ),
    Entry(
        "002.04", "example 3.1.2, fig. 3.2",
        "Two hundred steps on u⁴ − 7u³ + 13u², u = w₁² + w₂².",
        names=("optim.functions.ring",),
        figures=("fig_002_3_2_ring.py",),
        number=(
            "∇f(0.5, 1) = (7.5, 15); steps 1, 2, 200: (0.425, 0.85), (0.345955, 0.691910), (0.031090, "
            "0.062180)"
        ),
        tests=(
            "tests/test_optim_descent.py::test_002_02_and_002_04_the_ring",
            "tests/test_optim_functions.py::test_row_002_04_the_ring",
            "tests/test_optim_functions.py::test_row_002_04_the_circle_and_the_ridge_of_the_ring",
        ),
        note=(
            "It holds. Not said: the Hessian at the minimum is 0, and |w| = 1.80278 is a circle of "
            "minima, f = 8.58203."
        ),
    ),
    Entry(
        "002.05", "fig. 3.3",
        "A rate too small, and one too large: two steps.",
        names=("optim.SGD",),
        figures=("fig_002_3_3_learning_rates.py",),
        tests=(
            "tests/test_figures_numbers.py::test_printed",
            "tests/test_optim_functions.py::test_row_000_06_descent_on_the_parabola",
        ),
        misprint="The rate is called λ here and η elsewhere; λ is the weight of the penalty in §3.3.",
    ),
    Entry(
        "002.06", "§3.1.4, fig. 3.4",
        "Claims: on a convex function small η converges; otherwise to ∇f = 0 only.",
        names=("optim.is_convex_on", "optim.SGD"),
        figures=("fig_002_3_4_surface.py",),
        tests=(
            "tests/test_documents_claims.py::test_row_002_06_descent_on_a_convex_loss_forgets_where_it_began",
            "tests/test_optim_descent.py::test_000_07_a_saddle_holds_only_who_starts_exactly_above_it",
        ),
        note="Its footnote 3 is 000.07. That the global minimum is NP-hard to find is said, not shown.",
    ),
    Entry(
        "002.07", "example 3.1.3, fig. 3.5",
        "Two minima: the start decides.",
        names=("optim.functions.two_wells", "optim.functions.two_wells_as_printed"),
        figures=("fig_002_3_5_two_wells.py",),
        number=(
            "as printed, minima (−1.032185, −1.169380), (1.739461, −0.866159); corrected, (−1, −1), (2, "
            "−1)"
        ),
        tests=("tests/test_optim_functions.py::test_row_002_07_two_wells_as_printed_and_corrected",),
        misprint="⅓w⁴ − ½w³ − w² + w has not the minima (−1, −1) and (2, −1); ¼w⁴ − ½w³ − ¾w² + w has.",
    ),
    Entry(
        "002.08", "§3.2",
        "The gradient of a sum is the sum of the gradients.",
        names=("optim.sharded_gradients",),
        tests=(
            "tests/test_optim_regimes.py::"
            "test_rows_002_08_and_002_11_any_number_of_shards_gives_the_whole_gradient",
        ),
    ),
    Entry(
        "002.09", "§3.1.3",
        "Begin with η = 0.5, halve it if there is no steady decrease.",
        names=("optim.HalveOnNoDecrease", "optim.lr_scheduler.ReduceLROnPlateau"),
        number=(
            "from 0, bad steps kept: 3, −1.5, 0.75 by η = 0.5, 0.25, 0.125; refused: two halvings, then "
            "one exact step"
        ),
        tests=(
            "tests/test_optim_zeroth.py::test_row_002_09_halving",
            "tests/test_optim_zeroth.py::test_row_002_09_at_the_minimum_the_rate_falls_to_its_floor",
            "tests/test_minimize.py::test_row_002_09_halving_without_a_decrease",
            "tests/test_minimize.py::test_row_002_09_halving_and_going_back",
        ),
        misprint=(
            '"Decrease η by ½" is to halve it. Left open: what steady means, and if the bad step is '
            "kept. At the minimum it would go on for ever: there is a floor."
        ),
    ),
    Entry(
        "002.10", "§3.2.1",
        "SGD: the average of k items drawn at random.",
        names=("optim.SGD", "optim.minibatches"),
        figures=("fig_001_batches.py",),
        number="as in 000.33",
        tests=(
            "tests/test_optim_regimes.py::test_row_000_33_the_mean_over_all_batches_is_the_gradient",
        ),
        note="Footnote 4: some say SGD for k = 1 only.",
    ),
    Entry(
        "002.11", "§3.2.2",
        "Minibatches: a random partition; shares of a batch on several processors, added up.",
        names=("optim.minibatches", "optim.shards_of", "optim.sharded_gradients"),
        number="any number of shards gives the whole gradient",
        tests=(
            "tests/test_optim_regimes.py::test_rows_002_11_and_003_14_an_epoch_is_a_random_partition",
            "tests/test_optim_regimes.py::"
            "test_rows_002_08_and_002_11_any_number_of_shards_gives_the_whole_gradient",
        ),
        note='"Add up" or "average": a factor of B.',
    ),
    Entry(
        "002.12", "§3.2.3",
        "Federated learning: clients send gradients; the server takes the weighted sum, or the "
        "average.",
        names=("optim.weighted_average", "optim.federated_round", "optim.sharded_gradients"),
        number="clients of 30 and 70 items: weights 0.3 and 0.7 give the full gradient, halves do not",
        tests=(
            "tests/test_optim_regimes.py::test_row_002_12_the_weights_have_to_be_the_shares_of_the_samples",
            "tests/test_optim_regimes.py::test_several_local_steps_are_averaged_by_the_sizes_of_the_clients",
        ),
        note="Only weights nᵢ/n give the gradient of all data.",
    ),
    Entry(
        "002.13", "eq. 3.2",
        "A penalty: ℓ(w) + λR(w).",
        names=("optim.regularized", "optim.transforms.penalty"),
        figures=("fig_002_3_6_regularizer.py",),
        tests=(
            "tests/test_optim_transforms.py::test_002_13_a_penalty_of_the_parameters_of_a_model",
            "tests/test_optim_transforms.py::test_in_gradient_descent_all_places_are_the_same",
        ),
    ),
    Entry(
        "002.14", "§3.3",
        "R = ‖w‖₂².",
        names=("optim.transforms.l2", "optim.transforms.weight_decay"),
        figures=("fig_002_3_7_weights.py",),
        number="gradient 2λw, twice that of PyTorch's weight_decay=λ",
        tests=(
            "tests/test_optim_transforms.py::test_002_21_both_meanings_of_the_coefficient",
            "tests/test_optim_transforms.py::test_what_each_does",
        ),
        note="Two names for two meanings: l2(λ) and weight_decay(2λ) are the same.",
    ),
    Entry(
        "002.15", "example 3.3.1, eq. 3.3",
        "Two equations, three unknowns: a line of minimisers.",
        names=("optim.functions.underdetermined",),
        figures=("fig_002_3_6_regularizer.py",),
        number=(
            "(0, 1, −1) + t(1, −1, −1); from 0 to (0, 1, −1), from (1, 1, 1) to (−⅓, 4/3, −⅔), norm "
            "1.5275"
        ),
        tests=(
            "tests/test_optim_descent.py::test_002_15_which_minimum_is_found",
            "tests/test_optim_functions.py::test_row_002_15_example_331",
        ),
    ),
    Entry(
        "002.16", "eq. 3.4",
        "The same with λ‖w‖²: one minimiser, (0, 1/(1 + 2λ), −1/(1 + 2λ)).",
        names=("optim.functions.underdetermined_regularized", "optim.transforms.l2"),
        figures=("fig_002_3_6_regularizer.py",),
        number="λ = 0.01: (0, 0.980392, −0.980392), loss 3.845e-4, with the penalty 0.0196078",
        tests=(
            "tests/test_optim_descent.py::test_002_16_to_002_18_with_a_penalty_the_minimum_is_one_point",
            "tests/test_optim_functions.py::test_row_002_16_example_331_regularized",
        ),
    ),
    Entry(
        "002.17", "fig. 3.6",
        "The line, and the point for λ = 0.01.",
        names=("optim.functions.underdetermined_regularized",),
        figures=("fig_002_3_6_regularizer.py",),
        number="distance √2 · 2λ/(1 + 2λ) = 0.027730",
        tests=(
            "tests/test_optim_descent.py::test_002_16_to_002_18_with_a_penalty_the_minimum_is_one_point",
            "tests/test_optim_functions.py::test_row_002_16_example_331_regularized",
        ),
    ),
    Entry(
        "002.18", "§3.3, after eq. 3.4",
        "ℓ(w*) ≤ ℓ(w**): the penalty costs some of the fit.",
        names=("optim.functions.underdetermined",),
        figures=("fig_002_3_6_regularizer.py",),
        number="0 ≤ 3.845e-4",
        tests=(
            "tests/test_optim_descent.py::test_002_16_to_002_18_with_a_penalty_the_minimum_is_one_point",
        ),
    ),
    Entry(
        "002.19", "table 3.1",
        "Film reviews (SST), without a penalty and with λ‖w‖².",
        names=("data.load_sst", "optim.Nesterov.sutskever"),
        figures=("table_002_3_1_sst.py",),
        number=(
            "test MSE 7.9469 and 0.7523, test accuracy 61.67 % and 78.07 %; here 7.9468, 0.7522, 61.83 "
            "%, 78.03 %"
        ),
        tests=(
            "tests/test_figures_numbers.py::test_table_3_1_of_document_002",
            "tests/test_documents_claims.py::test_row_002_19_the_minimum_of_table_3_1",
        ),
        note=(
            'λ = 1 beside the sum of squares, which is ½ in eq. 3.4. "8k data points" are 6,920 and '
            "1,821, of which 78.07 % is no whole number."
        ),
    ),
    Entry(
        "002.20", "§3.3.1",
        "Claims: a penalty helps to generalise, speeds descent up; logistic models need it.",
        names=("optim.regularized", "optim.transforms.l2"),
        figures=("fig_002_3_7_weights.py", "table_002_3_1_sst.py"),
        number="condition number (L + 2λ)/(m + 2λ)",
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_002_20_a_penalty_improves_the_condition_and_speeds_descent_up",
            "tests/test_optim_transforms.py::test_002_20_the_penalty_lowers_the_condition_number",
            "tests/test_documents_claims.py::test_row_001_01_the_log_loss_of_separable_data_has_no_minimum",
        ),
    ),
    Entry(
        "002.21", "eq. 3.5",
        "Weight decay: w ← w(1 − 2ηλ) − η∇ℓ.",
        names=("optim.transforms.l2", "optim.SGD", "optim.AdamW"),
        figures=("fig_002_3_6_regularizer.py",),
        number="η = λ = 0.1: factor 0.98, 0.98³⁰⁰ = 0.00233; PyTorch's weight_decay=0.1: 0.99",
        tests=("tests/test_optim_transforms.py::test_002_21_both_meanings_of_the_coefficient",),
    ),
    Entry(
        "002.22", "fig. 3.7",
        "Histograms of the weights with and without a penalty.",
        names=("optim.transforms.l2",),
        figures=("fig_002_3_7_weights.py", "table_002_3_1_sst.py"),
        tests=("tests/test_figures_numbers.py::test_printed",),
        note="What it shows is in 002.19 and 002.20.",
    ),
    Entry(
        "002.23", "§3.4, code",
        "A program in NumPy: function, gradient, loop, surface.",
        names=("optim.minimize", "optim.SGD"),
        figures=("fig_002_3_4_surface.py",),
        tests=("tests/test_figures.py::test_figure",),
        misprint=(
            "f returns itself, not its value; in matplotlib figure.gca() takes no projection any more; "
            "the second copy has azimuth= for azim=."
        ),
    ),
    Entry(
        "002.24", "§3.4",
        "A surface with the way on it: an orange line, black markers.",
        names=("optim.Trajectory.surface",),
        figures=("fig_002_3_4_surface.py",),
        tests=(
            "tests/test_trajectory.py::test_every_picture_can_be_written",
            "tests/test_trajectory.py::test_surfaces_are_of_two_numbers",
        ),
    ),
    Entry(
        "002.25", "§3.4.1",
        "torch.optim.SGD(model.parameters(), lr=0.1).",
        names=("optim.SGD",),
        tests=("tests/test_documents_claims.py::test_row_002_25_the_call_of_the_document_works",),
        misprint='The optimizer does not "compute the gradients": backward() does.',
    ),
    Entry(
        "002.26", "§3.4.2",
        "Names Adam, Adagrad, Nesterov: rates for each parameter from recent gradients.",
        names=("optim.Adam", "optim.Adagrad", "optim.Nesterov"),
        figures=("fig_004_adagrad.py",),
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_002_26_adagrad_remembers_all_gradients_and_rmsprop_recent_ones",
        ),
        misprint="Adagrad takes all gradients, not recent ones.",
    ),
    Entry(
        "002.27", "footnote 2",
        "Claim: training schedules are found by trial, for that model and data.",
        names=("optim.tune.grid", "optim.tune.random"),
        tests=(
            "tests/test_optim_search.py::test_rows_001_22_002_27_and_003_38_tuning_runs_whole_trainings",
        ),
    ),
)  # fmt: skip
