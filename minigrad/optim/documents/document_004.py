"""Document 004: the slides "Gradient-Based Optimization"."""

from minigrad.optim.documents.entry import Entry

ENTRIES = (
    Entry(
        "004.01", "critical points",
        "The directional derivative uᵀ∇f, least for u = −∇f/‖∇f‖.",
        names=("optim.directional_derivative", "func.jvp"),
        tests=(
            "tests/test_optim_analysis.py::test_row_004_01_no_direction_beats_the_negative_gradient",
        ),
        note="The formulas are lost.",
    ),
    Entry(
        "004.02", "Hessian",
        "The Hessian: the Jacobian of the gradient.",
        names=("func.hessian", "func.jacrev"),
        figures=("fig_004_hessian.py",),
        number="example 3.1.2 of document 002 at (0.5, 1): eigenvalues −23.75, 15",
        tests=("tests/test_optim_analysis.py::test_row_004_02_curvatures_of_the_ring",),
    ),
    Entry(
        "004.03", "Hessian test",
        "Eigenvalues all positive: minimum; all negative: maximum; of both signs: saddle.",
        names=("optim.classify_critical_point", "optim.CriticalPoint"),
        figures=("fig_004_hessian.py",),
        number=(
            "Himmelblau: 25.7, 82.3 minimum; −45.6, −16.1 maximum; −31.7, 75.5 saddle; the ring's origin "
            "0, 0 inconclusive"
        ),
        tests=(
            "tests/test_optim_analysis.py::test_row_004_03_the_hessian_tells_himmelblaus_points_apart",
            "tests/test_optim_analysis.py::"
            "test_row_004_03_the_hessian_test_says_nothing_of_the_rings_minimum",
            "tests/test_optim_analysis.py::test_one_curvature_of_each_sign_is_a_saddle_whatever_the_others",
        ),
        misprint=(
            'Read "one or more positive and one or more negative". Eigenvalues of 0 are not mentioned: '
            "inconclusive."
        ),
    ),
    Entry(
        "004.04", "Taylor",
        "f(x − ηg) ≈ f − ηgᵀg + ½η²gᵀHg.",
        names=("optim.taylor", "optim.functions.tilted"),
        figures=("fig_004_taylor.py",),
        number=(
            "½xᵀ[[3, 1], [1, 2]]x at (1, −2): η = 0.05, 0.2, 0.5 give −0.48125, −1.7, −3.125; best is ⅔, "
            "no gain at 4/3"
        ),
        tests=(
            "tests/test_optim_analysis.py::test_row_004_04_the_second_order_is_exact_on_a_quadratic",
            "tests/test_optim_analysis.py::test_row_004_04_best_rate_and_the_rate_of_no_gain",
            "tests/test_optim_functions.py::test_row_004_04_the_tilted_bowl",
        ),
        note='Of the formula "f(x_t) − ηgᵀg + ½" is left.',
    ),
    Entry(
        "004.05", "Taylor",
        "Claim: positive curvature lessens the decrease, negative adds to it.",
        names=("optim.taylor", "optim.functions.ring"),
        figures=("fig_004_taylor.py",),
        number=(
            "the ring at (0.5, 1), η = 0.01: gᵀHg = −6679.7; first order −2.8125, second −3.1465, in "
            "fact −2.9699"
        ),
        tests=(
            "tests/test_optim_analysis.py::"
            "test_rows_002_02_and_004_05_curvature_accelerates_the_descent_on_the_ring",
        ),
    ),
    Entry(
        "004.06", "deep networks",
        "Claim: many solutions, as hidden units can be permuted.",
        names=("nn.Linear",),
        number="H! copies of each; with tanh 2^H as many",
        tests=(
            "tests/test_documents_claims.py::test_row_004_06_permuted_hidden_units_compute_the_same",
        ),
    ),
    Entry(
        "004.07", "deterministic and stochastic",
        "Names: batch is deterministic; mini-batch; batch size.",
        names=("optim.minibatches",),
        figures=("fig_001_batches.py",),
        tests=(
            "tests/test_optim_regimes.py::test_rows_001_08_to_001_10_stochastic_minibatch_and_batch",
        ),
    ),
    Entry(
        "004.08", "SGD, seven steps",
        "Schedule, stopping criterion, batch size, batches, passes, update, repetition.",
        names=(
            "train.fit", "data.DataLoader", "optim.stopping.Patience", "optim.stopping.GradientNorm",
        ),
        tests=(
            "tests/test_documents_claims.py::test_row_004_08_the_seven_decisions_are_arguments_of_fit",
            "tests/test_train.py::test_it_stops_early_and_says_why",
        ),
        note="The stopping criterion is left open; minigrad.optim.stopping has several.",
    ),
    Entry(
        "004.09", "SGD",
        "θ ← θ − η_t g, g = (1/m) Σ∇L.",
        names=("optim.SGD",),
        figures=("fig_001_batches.py",),
        tests=(
            "tests/test_optim_regimes.py::"
            "test_rows_001_08_and_004_09_a_step_on_the_sum_is_n_steps_on_the_mean",
            "tests/test_optim.py::test_trajectory_equals_pytorchs",
        ),
    ),
    Entry(
        "004.10", "momentum",
        "Gradient, velocity, update.",
        names=("optim.Momentum.classical",),
        figures=("fig_001_momentum.py",),
        number="as in 000.15",
        tests=("tests/test_optim_momentum.py::test_25_steps_in_every_convention",),
        note="The formulas are lost; v ← αv − ηg, θ ← θ + v is the usual reading.",
    ),
    Entry(
        "004.11", "learning rate",
        "Linear until τ: (1 − t/τ) η₀ + (t/τ) η_τ, then η_τ = 0.01 η₀.",
        names=("optim.schedules.Linear", "optim.lr_scheduler.LinearLR"),
        figures=("fig_004_linear_to_tau.py",),
        number=(
            "η₀ = 0.1, τ = 100, t = 0, 1, 50, 99, 100, 500: 0.1, 0.09901, 0.0505, 0.00199, 0.001, 0.001"
        ),
        tests=(
            "tests/test_optim_schedules.py::test_values",
            "tests/test_optim_schedules.py::test_rates_equal_pytorchs",
        ),
        note="t counts updates, τ is given in passes through the data: convert.",
    ),
    Entry(
        "004.12", "learning rate",
        "Or exponential decay, or adaptive rates.",
        names=("optim.schedules.Exponential", "optim.Adagrad"),
        figures=("fig_000_schedules.py",),
        number="as in 000.09",
        tests=("tests/test_optim_schedules.py::test_values",),
    ),
    Entry(
        "004.13", "AdaGrad",
        "r ← r + g⊙g; θ ← θ − ηg/(√r + δ).",
        names=("optim.Adagrad",),
        figures=("fig_004_adagrad.py",),
        number="constant gradient: steps η, η/√2, η/√3, …",
        tests=(
            "tests/test_optim_first_order.py::"
            "test_adagrad_divides_by_the_root_of_the_number_of_equal_gradients",
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
        ),
        note="The formulas are lost; that δ stands outside of the root is assumed.",
    ),
    Entry(
        "004.14", "AdaGrad",
        "Claim: large first gradients slow it for good.",
        names=("optim.Adagrad",),
        figures=("fig_004_adagrad.py",),
        number="a first gradient 100 times as large: later steps are a hundredth",
        tests=("tests/test_optim_first_order.py::test_a_large_first_gradient_slows_adagrad_for_good",),
    ),
    Entry(
        "004.15", "RMSProp",
        "r ← ρr + (1 − ρ) g⊙g; θ ← θ − ηg/√(r + δ).",
        names=("optim.RMSprop",),
        figures=("fig_004_adagrad.py",),
        number="as in 001.20",
        tests=(
            "tests/test_optim_first_order.py::test_rmsprop_begins_too_fast_and_comes_down_to_the_rate",
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
        ),
        note="The formulas are lost; eps_inside puts δ inside of the root.",
    ),
    Entry(
        "004.16", "Adam",
        "r and s are averages of g and g⊙g, corrected; θ ← θ − η r̂/(√ŝ + δ).",
        names=("optim.Adam",),
        figures=("fig_001_sign_descent.py",),
        tests=("tests/test_optim_first_order.py::test_004_16_adam_is_its_equation",),
        misprint=(
            "r is the first moment here and s the second, the other way round than in AdaGrad and "
            "RMSProp; the last line is lost."
        ),
    ),
    Entry(
        "004.17", "batch normalisation",
        "Each row of X′ = WᵀX to mean 0 and variance 1; then scale and shift.",
        names=("nn.BatchNorm1d", "nn.functional.batch_norm"),
        figures=("fig_004_batch_norm.py",),
        number="as on the transposed data, to 4e-16; the running variance has m − 1",
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_004_17_batch_norm_of_columns_is_that_of_the_transposed_rows",
            "tests/test_nn_batchnorm.py::test_features_first_is_the_transpose",
        ),
        note="The data are columns: BatchNorm1d(features_first=True). The symbols are lost.",
    ),
    Entry(
        "004.18", "batch normalisation",
        "No bias before it: it is stripped.",
        names=("nn.BatchNorm1d", "nn.Linear"),
        figures=("fig_004_batch_norm.py",),
        number="a bias changes nothing, its gradient is 0",
        tests=(
            "tests/test_documents_claims.py::test_row_004_18_a_bias_before_batch_norm_is_stripped",
            "tests/test_nn_batchnorm.py::test_a_bias_before_batch_norm_is_warned_of_once",
        ),
    ),
    Entry(
        "004.19", "batch normalisation",
        "Before the nonlinearity; γ and β are learned; it has a backward of its own.",
        names=("nn.BatchNorm1d", "nn.functional.batch_norm"),
        figures=("fig_004_batch_norm.py",),
        tests=(
            "tests/test_documents_claims.py::"
            "test_row_004_19_batch_norm_stands_before_the_activation_and_has_its_own_derivative",
        ),
    ),
    Entry(
        "004.20", "claims",
        "Batch normalisation stabilises; minibatches regularise.",
        names=("nn.BatchNorm1d",),
        figures=("fig_004_batch_norm.py",),
        tests=("tests/test_figures.py::test_figure",),
        note="Said of training in general; the figure shows what the layer does to one batch.",
    ),
)  # fmt: skip
