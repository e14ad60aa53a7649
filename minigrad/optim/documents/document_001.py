"""Document 001: the slides "gradient descent algorithms"."""

from minigrad.optim.documents.entry import Entry

ENTRIES = (
    Entry(
        "001.01", '"this week"',
        "The log loss and its derivative.",
        names=(
            "nn.BCELoss", "nn.BCEWithLogitsLoss", "nn.CrossEntropyLoss",
            "nn.functional.binary_cross_entropy_with_logits",
        ),
        number=(
            "x = ±1, η = 1, after 10, 10², …, 10⁵ steps: 2.263, 4.589, 6.905, 9.210, 11.513; with λ = "
            "0.01: 2.81799"
        ),
        tests=(
            "tests/test_documents_claims.py::test_row_001_01_the_log_loss_of_separable_data_has_no_minimum",
            "tests/test_documents_claims.py::test_row_001_01_the_growth_goes_on_for_100_000_steps",
            "tests/test_optim_descent.py::"
            "test_001_01_the_log_loss_of_separable_points_has_no_minimum_without_a_penalty",
        ),
    ),
    Entry(
        "001.02", "nomenclature",
        "Parameters, hyperparameters, parameters of the optimiser.",
        names=("nn.Module.parameters", "optim.Optimizer"),
        tests=(
            "tests/test_documents_claims.py::test_row_001_02_parameters_and_hyperparameters_are_kept_apart",
        ),
        note=(
            "model.parameters() are learned; optimizer.param_groups and defaults are chosen; "
            "optimizer.state is the optimiser's own."
        ),
    ),
    Entry(
        "001.03", "gradient vector",
        "∇L, the vector of the partial derivatives.",
        names=("func.grad", "autograd.grad", "Tensor.backward"),
        tests=(
            "tests/test_documents_claims.py::test_row_001_03_the_gradient_has_a_number_for_each_parameter",
        ),
        misprint="∂L/∂θ₁ is printed twice.",
    ),
    Entry(
        "001.04", "finite differences",
        "(f(x + ε) − f(x))/ε: a value for each coordinate; good for checks.",
        names=("optim.numerical_grad", "autograd.gradcheck", "testing.check_gradients"),
        figures=("fig_001_finite_differences.py",),
        number=(
            "errors at 1, ε = 1e-3, 1e-5, 1e-7, 1e-9: forward 1e-3, 1e-5, 1.03e-7, 1.7e-7, central "
            "2e-13, 1.3e-11, 1.2e-9, 1.7e-7"
        ),
        tests=(
            "tests/test_optim_analysis.py::test_row_001_04_errors_of_finite_differences",
            "tests/test_optim_analysis.py::test_row_001_04_the_default_eps_is_about_the_best",
            "tests/test_optim_analysis.py::test_row_001_04_the_cost_is_a_value_for_each_coordinate",
        ),
        note="Forward differences are best with ε near 1e-8, central ones near 1e-5.",
    ),
    Entry(
        "001.05", "code",
        "The program for finite differences.",
        names=("optim.numerical_grad",),
        figures=("fig_001_finite_differences.py",),
        number="array([2.0000001 , 4.00000009])",
        tests=("tests/test_optim_analysis.py::test_row_001_05_the_printed_gradient_digit_for_digit",),
        misprint="The program leaves x = [1, 1.9999999999999998]; ours leaves it as it was.",
    ),
    Entry(
        "001.06", '"gradients"',
        "Claims: gradients of networks are cheap; Hessians tell saddles.",
        names=("func.grad", "func.hessian", "optim.classify_critical_point"),
        figures=("fig_004_hessian.py",),
        tests=(
            "tests/test_documents_claims.py::test_row_001_06_a_gradient_costs_as_much_as_a_few_values",
        ),
    ),
    Entry(
        "001.07", "gradient descent",
        "Δθ = −η∇L.",
        names=("optim.SGD",),
        figures=("fig_001_step_sizes.py",),
        number="as in 000.06",
        tests=("tests/test_optim_descent.py::test_000_06_and_002_03_twenty_steps",),
    ),
    Entry(
        "001.08", "batch gradient descent",
        'L is a sum over all data; an update is an "epoch".',
        names=("optim.SGD", "optim.minibatches"),
        figures=("fig_001_batches.py",),
        number="a step by the sum is N steps by the mean",
        tests=(
            "tests/test_optim_descent.py::test_001_08_a_step_by_the_sum_is_n_steps_by_the_mean",
            "tests/test_optim_regimes.py::"
            "test_rows_001_08_and_004_09_a_step_on_the_sum_is_n_steps_on_the_mean",
        ),
        misprint=(
            '"Guaranteed to converge to a local minimum": for small η, and in general to a point of '
            "gradient 0 (000.07)."
        ),
    ),
    Entry(
        "001.09", "SGD",
        "The gradient of a single item.",
        names=("optim.minibatches", "data.DataLoader"),
        figures=("fig_001_batches.py",),
        tests=(
            "tests/test_optim_regimes.py::test_rows_001_08_to_001_10_stochastic_minibatch_and_batch",
        ),
        note="Document 002 says SGD for any number of items, 000 for B of them.",
    ),
    Entry(
        "001.10", "minibatch",
        "Over the minibatches, many times; sizes of 50 to 250.",
        names=("optim.minibatches", "data.DataLoader", "train.fit"),
        figures=("fig_001_batches.py",),
        tests=(
            "tests/test_optim_regimes.py::test_rows_001_08_to_001_10_stochastic_minibatch_and_batch",
            "tests/test_data.py::test_every_epoch_has_a_new_order_of_all_samples",
        ),
    ),
    Entry(
        "001.11", "redundancy",
        "Claim: data that are there twice need not be gone through.",
        names=("optim.SGD",),
        number="of data repeated twice the mean gradient is the same, the sum doubles",
        tests=(
            "tests/test_optim_descent.py::test_001_11_data_that_are_repeated",
            "tests/test_optim_regimes.py::test_row_001_11_repeated_data_change_the_sum_and_not_the_mean",
        ),
    ),
    Entry(
        "001.12", "figures",
        "A quadratic bowl.",
        names=("optim.functions.bowl", "optim.functions.quadratic"),
        figures=("fig_001_descents.py",),
        tests=("tests/test_optim_functions.py::test_row_001_12_the_bowl_of_the_convention_table",),
        note="The coefficients are lost; these are ours.",
    ),
    Entry(
        "001.13", "figure",
        "Himmelblau's function, (x² + y − 11)² + (x + y² − 7)².",
        names=("optim.functions.himmelblau",),
        figures=("fig_001_descents.py", "fig_004_hessian.py"),
        number=(
            "minima (3, 2), (−2.805118, 3.131313), (−3.779310, −3.283186), (3.584428, −1.848127); "
            "maximum (−0.270845, −0.923039), 181.617; saddles 13.312, 67.719, 104.015, 178.337"
        ),
        tests=(
            "tests/test_optim_functions.py::test_row_001_13_himmelblau",
            "tests/test_optim_functions.py::test_row_001_13_descent_on_himmelblau",
        ),
        note="The formula is not printed.",
    ),
    Entry(
        "001.14", "figure",
        "Bukin's sixth function, 100√|y − 0.01x²| + 0.01|x + 10|.",
        names=("optim.functions.bukin6",),
        figures=("fig_001_descents.py",),
        number=(
            "η = 0.01 from (−5, 0.5): best of 1,000 steps 2.34; clipped at 0.1, 20,000 steps: 3.03, best "
            "1.52"
        ),
        tests=("tests/test_optim_functions.py::test_row_001_14_bukin6_never_comes_to_rest",),
        note=(
            "The formula is not printed. The value after 1,000 steps without clipping depends on how "
            "each step is rounded."
        ),
    ),
    Entry(
        "001.15", "step size",
        "Too small, and it is slow; too large, and it runs over the minimum; one rate for all.",
        names=("optim.SGD",),
        figures=("fig_001_step_sizes.py", "fig_002_3_3_learning_rates.py"),
        number="as in 000.06",
        tests=("tests/test_optim_functions.py::test_row_000_06_descent_on_the_parabola",),
    ),
    Entry(
        "001.16", "zigzag",
        "Claim: even with a step to the minimum of each line, steepest descent zigzags.",
        names=("optim.LineSearchGD", "optim.line_search.exact", "optim.functions.ellipse"),
        figures=("fig_001_zigzag.py",),
        number=(
            "diag(1, κ) from (κ, 1): each step multiplies f by ((κ − 1)/(κ + 1))²; κ = 2, 10, 100: "
            "0.1111, 0.6694, 0.9608"
        ),
        tests=(
            "tests/test_optim_line_search.py::test_row_001_16_exact_steps_zigzag",
            "tests/test_optim_functions.py::test_row_001_16_steepest_descent_zigzags",
        ),
    ),
    Entry(
        "001.17", "momentum",
        "Δθ = −ηg + γ Δθ_prev.",
        names=("optim.Momentum.classical",),
        figures=("fig_001_momentum.py",),
        number="as in 000.15",
        tests=(
            "tests/test_optim_momentum.py::test_001_17_the_velocity_is_the_last_step",
            "tests/test_optim_momentum.py::test_25_steps_in_every_convention",
        ),
    ),
    Entry(
        "001.18", "figure",
        "Too much momentum.",
        names=("optim.Momentum.classical",),
        figures=("fig_001_momentum.py", "fig_000_1_2_momentum_on_abs.py"),
        number="as in 000.16",
        tests=("tests/test_optim_momentum.py::test_000_16_absolute_value_with_momentum",),
    ),
    Entry(
        "001.19", "sign of the gradient",
        "Δθᵢ = −η sign(gᵢ).",
        names=("optim.SignDescent", "optim.transforms.sign"),
        figures=("fig_001_sign_descent.py", "fig_003_6_9_adam.py"),
        tests=(
            "tests/test_optim_first_order.py::"
            "test_003_33_and_001_19_normalized_gradients_bounce_around_the_minimum",
        ),
    ),
    Entry(
        "001.20", "RMSprop",
        "The gradient divided by the root of the mean of its square.",
        names=("optim.RMSprop",),
        figures=("fig_001_sign_descent.py",),
        number="constant gradient, ρ = 0.9: the first step is 3.16 lr, the limit lr",
        tests=(
            "tests/test_optim_first_order.py::test_rmsprop_begins_too_fast_and_comes_down_to_the_rate",
            "tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",
        ),
        note="The document has neither formula nor ε: those of document 004 are taken.",
    ),
    Entry(
        "001.21", "Adam",
        "A pointer to Adam.",
        names=("optim.Adam",),
        figures=("fig_001_sign_descent.py",),
        tests=("tests/test_optim_first_order.py::test_25_steps_on_the_quadratic",),
        note="Named only; its equations are in documents 003 and 004.",
    ),
    Entry(
        "001.22", "tuning",
        "Tuning of hyperparameters: learning is its inner loop.",
        names=("optim.tune.grid", "optim.tune.random"),
        number="it costs trials × steps",
        tests=(
            "tests/test_optim_search.py::test_rows_001_22_002_27_and_003_38_tuning_runs_whole_trainings",
            "tests/test_optim_search.py::test_random_trials_are_drawn_from_their_space",
        ),
    ),
    Entry(
        "001.23", "tradeoffs",
        "No model: easy steps, many of them; a smart model: hard steps, few.",
        names=("optim.RandomSearch", "optim.ES", "optim.SGD", "optim.Newton", "optim.Trajectory"),
        figures=("fig_001_tradeoffs.py",),
        tests=("tests/test_documents_claims.py::test_row_001_23_smarter_models_ask_less_often",),
    ),
)  # fmt: skip
