// The lines of Python that train the network of a state, with the package.
//
//   python.of(state)   a script; it prints what the page shows
"use strict";

const python = (() => {
  function seedOf(seed) {
    const [entropy, ...path] = String(seed).split("/");
    if (!path.length) return entropy;
    return `np.random.SeedSequence(${entropy}, spawn_key=(${path.join(", ")},))`;
  }

  function list(name, values) {
    const lines = [];
    for (let k = 0; k < values.length; k += 8)
      lines.push(`    ${values.slice(k, k + 8).join(", ")},`);
    return [`${name} = np.array([`, ...lines, "], dtype=float)"];
  }

  function truthOf({ kind, height, values }) {
    if (kind === "line") return [];
    if (kind === "drawn")
      return [
        ...list("heights", values),
        "def truth(x):",
        `    places = np.linspace(0, 20, ${values.length})`,
        "    return np.interp(x, places, heights)",
        "",
        "",
      ];
    const wave = `    return data.TRUE_LINE(x) + ${height} * np.sin(2 * np.pi * x / 20)`;
    const step = `    return np.where(x < 10, 10 - ${height} / 2, 10 + ${height} / 2)`;
    return ["def truth(x):", kind === "wave" ? wave : step, "", ""];
  }

  function pointsOf({ points, truth, n, noise, seed, pointsSeed = seed }) {
    if (points)
      return [
        ...list("x", points.map(([x]) => x)),
        ...list("y", points.map(([, y]) => y)),
        ...(truth.kind === "line" ? ["truth = data.TRUE_LINE"] : []),
      ];
    const options = [
      ...(truth.kind === "line" ? [] : ["truth"]),
      `n_samples=${n}`,
      `noise_std=${noise}`,
      `seed=${seedOf(pointsSeed)}`,
    ];
    return [
      "points = data.sample_noisy(",
      `    ${options.join(", ")}`,
      ")",
      "x, y, truth = points.x, points.y, points.truth",
    ];
  }

  function of(state) {
    const { seed, rate, center, biasStd, start, truth, noise, points } = state;
    const { widths, batch, steps } = network.recipeOf(state);
    const hidden = widths.slice(1, -1).join(", ") + (widths.length === 3 ? "," : "");
    const options = ["recipe", `seed=${seedOf(seed)}`];
    if (start === "wild") options.push("initial_weights=wild");
    const seen = center ? `x - ${center}` : "x";
    const known = network.truthOf(truth);
    const hasNoise = points ? points.some(([x, y]) => y !== known(x)) : noise > 0;
    return [
      "import numpy as np",
      "",
      "from overfit_tutorial import data",
      "from overfit_tutorial.recipes import Recipe",
      "from overfit_tutorial.splines import PiecewiseLinear",
      "from overfit_tutorial.training import fit_network",
      ...(start === "wild" ? ["from overfit_tutorial.weights.dots import join_the_dots"] : []),
      "",
      ...(truth.kind === "line" ? [] : ["", ...truthOf(truth)]),
      ...pointsOf(state),
      "",
      "recipe = Recipe(",
      `    hidden_widths=(${hidden}),`,
      `    steps=${steps},`,
      `    batch_size=${batch || "None"},`,
      `    learning_rate=${rate},`,
      ...(biasStd ? [`    bias_std=${biasStd},`] : []),
      ")",
      `seen = ${seen}`,
      ...(start === "wild"
        ? ["wild = join_the_dots(seen, y, hidden_widths=recipe.hidden_widths)"]
        : []),
      `fit = fit_network(seen, y, ${options.join(", ")})`,
      "",
      "line = PiecewiseLinear.from_weights(fit.weights)",
      "",
      "",
      "def curve(x):",
      `    return line(${seen})`,
      "",
      "",
      "error = np.mean((curve(x) - y) ** 2)",
      "risk = data.excess_risk(curve, truth)",
      'print(f"training error {error:.10g}, excess risk {risk:.10g}")',
      ...(hasNoise
        ? [
            "followed = data.noise_followed(curve, truth, x, y)",
            'print(f"noise followed {followed:.10g}")',
          ]
        : []),
      "",
    ].join("\n");
  }

  return { of };
})();
