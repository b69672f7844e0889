"""What is said of moving kernels is what one finds with one network and small steps."""

import numpy as np
import pytest

from overfit_tutorial import data, draws, kernels
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies.lazy import N_PLACES, compare_with_kernel, watch_kernel
from overfit_tutorial.training import STORY, fit_network
from overfit_tutorial.weights.tangents import tangent_kernel

INPUTS = {"center": 10.0, "unit": 5.0, "n_samples": 12}


def points(seed):
    child = np.random.SeedSequence(seed, spawn_key=(1000,))
    return data.sample_noisy(n_samples=12, seed=child)


def followed(fitted, sample):
    noise = sample.y - data.TRUE_LINE(sample.x)
    return (fitted - data.TRUE_LINE(sample.x)) @ noise / (noise @ noise)


def newborn(seed, widths, *, gain, bias_std):
    std = bias_std * np.sqrt(2 / (1 + widths[0]))
    first = draws.first_weights([np.random.SeedSequence(seed)], widths, bias_std=std, dtype=float)
    weights = [array[0] for array in first]
    weights[0] = gain * weights[0]
    weights[1::2] = [gain * bias for bias in weights[1::2]]
    return [array.astype(np.float32) for array in weights]


def test_the_kernels_are_those_of_networks_trained_one_after_the_other():
    shape = {"hidden_widths": (8, 6), "batch_size": 5}
    found = watch_kernel(seeds=[3, 4], moments=[3, 30], gain=2.0, bias_std=1.5, **INPUTS, **shape)
    for k, seed in enumerate([3, 4]):
        sample = points(seed)
        x, born = (sample.x - 10) / 5, newborn(seed, (8, 6), gain=2.0, bias_std=1.5)
        first = tangent_kernel(born, x)
        for moment in (3, 30):
            recipe = STORY.replace(**shape, steps=moment)
            fit = fit_network(x, sample.y, recipe, seed=seed, initial_weights=born)
            kernel = tangent_kernel(fit.weights, x)
            growth = np.trace(kernel) / np.trace(first)
            assert found[f"growth_{moment}"][k] == pytest.approx(growth, rel=1e-9)
            fitted = fit.predict(x)
            assert found[f"followed_{moment}"][k] == pytest.approx(followed(fitted, sample))
            # What least squares leaves of each shape, on both sides of the kernel.
            lines = np.stack([np.ones(12), sample.x], axis=1)
            left = np.eye(12) - lines @ np.linalg.pinv(lines)
            beyond = np.trace(left @ kernel @ left) / np.trace(kernel)
            assert found[f"beyond_{moment}"][k] == pytest.approx(beyond, rel=1e-6, abs=1e-12)


def test_without_biases_a_kernel_is_born_with_lines_alone():
    still = {"optimizer": "sgd", "learning_rate": 1e-20, "batch_size": None}
    found = watch_kernel(seeds=[0, 1], moments=[1], hidden_widths=(10,) * 3, **still)
    assert found["growth_1"] == pytest.approx([1, 1])
    # The weights are rounded to single precision, which keeps the shapes as they are.
    assert found["beyond_1"] == pytest.approx([0, 0], abs=1e-12)


def test_the_formula_is_descent_on_the_linearized_network():
    # The network's own derivatives at birth by central differences, and many small steps.
    run = {"gain": 1.0, "bias_std": 1.0, "hidden_widths": (6,), "learning_rate": 1e-3}
    found = compare_with_kernel(seeds=[3], moments=[40, 400], **INPUTS, **run)
    sample, born = points(3), newborn(3, (6,), gain=1.0, bias_std=1.0)
    places = (np.arange(N_PLACES) + 0.5) * (20 / N_PLACES)
    x = (np.concatenate([sample.x, places]) - 10) / 5
    weights = [array.astype(np.float64) for array in born]
    columns = []
    for array in weights:
        for place in np.ndindex(array.shape):
            kept, ends = array[place], []
            for step in (-1e-6, 1e-6):
                array[place] = kept + step
                ends.append(PiecewiseLinear.from_weights(weights)(x))
            array[place] = kept
            columns.append(np.subtract(*ends[::-1]) / 2e-6)
    shapes, curve = np.stack(columns, axis=1), PiecewiseLinear.from_weights(weights)(x)
    for step in range(1, 401):
        gradient = 2 / 12 * shapes[:12].T @ (curve[:12] - sample.y)
        curve = curve - 1e-3 * shapes @ gradient
        if step not in (40, 400):
            continue
        # Steps of 0.001 times an eigenvalue of some ten are off by about a percent.
        assert found[f"said_{step}"][0] == pytest.approx(followed(curve[:12], sample), abs=0.01)
        recipe = STORY.replace(
            hidden_widths=(6,), optimizer="sgd", learning_rate=1e-3, batch_size=None, steps=step
        )
        fit = fit_network(x[:12], sample.y, recipe, seed=3, initial_weights=born)
        trained, truth = fit.predict(x[12:]), data.TRUE_LINE(places)
        apart = np.sqrt(np.mean((trained - curve[12:]) ** 2) / np.mean((trained - truth) ** 2))
        assert found[f"apart_{step}"][0] == pytest.approx(apart, abs=0.01)


def test_the_limit_is_the_flow_of_infinite_width():
    run = {"gain": 2.0, "bias_std": 1.0, "hidden_widths": (6, 6), "learning_rate": 0.04}
    found = compare_with_kernel(seeds=[3], moments=[10, 20], **INPUTS, **run)
    sample = points(3)
    x = (sample.x - 10) / 5
    kernel = kernels.neural_tangent_kernel(x, x, depth=2, bias_std=1.0, gain=2.0)
    # The rate is divided by the square of the gain.
    fitted = kernels.gradient_flow(kernel, sample.y, [0.1, 0.2]) @ kernel
    for moment, curve in zip((10, 20), fitted, strict=True):
        assert found[f"limit_{moment}"][0] == pytest.approx(followed(curve, sample), rel=1e-9)


def test_large_first_weights_keep_their_kernel_and_small_ones_do_not():
    run = {"bias_std": 1.0, "hidden_widths": (20,), "learning_rate": 0.02, **INPUTS}
    found = [compare_with_kernel(seeds=[0], moments=[400], gain=gain, **run) for gain in (1, 30)]
    assert found[0]["growth_400"] > 2
    assert found[1]["growth_400"] == pytest.approx(1, abs=0.01)
    assert found[1]["apart_400"] < 0.1 * found[0]["apart_400"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"moments": []}, r"moments must be some numbers in ascending order, got \[\]"),
        ({"moments": [8, 4]}, r"moments must be some numbers in ascending order, got \[8, 4\]"),
        ({"gain": 0.0}, "gain must be above zero, got 0"),
        ({"bias_std": -1.0}, "bias_std must not be negative, got -1"),
        ({"unit": 0.0}, "unit must be above zero, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above zero, got 0"),
    ],
)
def test_what_is_wrong_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        compare_with_kernel(**({"seeds": [0], "moments": [4], "learning_rate": 0.1} | wrong))
