// The controls of the playground: native ones, each with its label and what it is set to.
//
//   const controls = form.control(change, isSmall)   change(patch): what differs in the state
//   controls.element, controls.show(state)
"use strict";

const form = (() => {
  let nMade = 0;
  const make = (tag, properties = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties))
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const labelled = (label, control, ...more) => {
    control.id ||= `play-control-${++nMade}`;
    return make("p", {}, make("label", { htmlFor: control.id }, label), " ", control, ...more);
  };
  const button = (words, act) => {
    const made = make("button", { type: "button" }, words);
    made.addEventListener("click", () => act(made));
    return made;
  };

  const from = (least, most, step) =>
    Array.from({ length: Math.round((most - least) / step) + 1 }, (_, k) => least + k * step);
  const tenths = (least, most) => from(10 * least, 10 * most, 1).map((k) => k / 10);
  const STEPS = [
    ...[1, 2, 4, 8, 12, 16, 20, 32, 40, 60, 80, 100, 120, 160, 200, 240, 300, 360, 400, 500, 600],
    ...[700, 800, 900, 1000, 1200, 1600, 2000, 2400, 3200, 4000, 4800, 6400, 8000, 10000],
    ...[12800, 16000, 20000],
  ];
  const RATES = from(-5, -1, 1).flatMap((power) =>
    ["1", "1.5", "2", "3", "5", "7"].map((digits) => Number(`${digits}e${power}`)),
  );
  const WIDTHS = [...from(1, 10, 1), ...from(15, 60, 5), ...from(70, 200, 10)];
  const grouped = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 7 });
  const recipe = (state) => network.recipeOf(state);

  // Of each slider: its setting, its label, the values along it, and what is said of a state.
  const SLIDERS = {
    steps: ["Steps (the story: 800)", STEPS, (state) => grouped(recipe(state).steps)],
    batch: [
      "Batch size",
      [1, 2, 4, 8, 16, 32, 50, 64, 100, 0],
      (state) => (state.batch ? String(recipe(state).batch) : "all points"),
    ],
    rate: ["Learning rate", RATES, ({ rate }) => grouped(rate)],
    noise: ["Noise", tenths(0, 6), ({ noise }) => grouped(noise)],
    n: ["Number of points", from(5, 200, 5), ({ n }) => String(n)],
    width: ["Width: units a layer", WIDTHS, ({ width }) => String(width)],
    depth: ["Depth: hidden layers", from(0, 8, 1), ({ depth }) => String(depth)],
  };

  // The nearest place along a slider; a value from the address may lie between two.
  function placeIn(values, value) {
    const gaps = values.map((other) => Math.abs(other - value));
    const exact = gaps.indexOf(0);
    // Zero, all points, is no neighbor of a small batch.
    return exact >= 0 ? exact : gaps.indexOf(Math.min(...gaps.filter((_, k) => values[k])));
  }

  function slider(name, change) {
    const [label, values, say] = SLIDERS[name];
    const input = make("input", { type: "range", min: 0, max: values.length - 1, step: 1, name });
    const output = make("output", {});
    input.addEventListener("input", () => change({ [name]: values[input.value] }));
    const element = labelled(label, input, " ", output);
    output.htmlFor = input.id;
    if (name === "steps") {
      const option = make("option", { value: values.indexOf(network.STORY.steps), label: "800" });
      const marks = make("datalist", { id: "play-marks" }, option);
      input.setAttribute("list", marks.id);
      element.append(marks);
    }
    const show = (state) => {
      input.value = placeIn(values, state[name]);
      output.value = say(state);
      input.setAttribute("aria-valuetext", output.value);
      if (name === "noise" || name === "n") input.disabled = Boolean(state.points);
    };
    return { element, show };
  }

  // The ingredients of the story, each with what replaces it.
  const INGREDIENTS = {
    "few steps": ["steps", ({ steps }) => steps <= 800, 800, 3200],
    "fresh small batches": ["batch", ({ batch, n }) => batch > 0 && batch < n, 32, 0],
    "inputs as they are: bends are born at 0": ["center", ({ center }) => !center, 0, 10],
    "biases of zero: a line at birth": ["biasStd", ({ biasStd }) => !biasStd, 0, 1],
  };

  function ingredient(label, change) {
    const [name, isOn, on, off] = INGREDIENTS[label];
    const input = make("input", { type: "checkbox" });
    input.addEventListener("change", () => change({ [name]: input.checked ? on : off }));
    const element = make("p", {}, make("label", {}, input, ` ${label}`));
    return { element, show: (state) => (input.checked = isOn(state)) };
  }

  function seed(name, label, words, change) {
    const input = make("input", { type: "text", inputMode: "numeric", autocomplete: "off", size: 8 });
    let shown = {};
    // Points and training share a seed until one of them gets its own.
    const take = (value, messages) => {
      const kept = name === "seed" ? { pointsSeed: shown.pointsSeed ?? shown.seed } : {};
      change({ ...kept, [name]: value }, messages);
    };
    input.addEventListener("change", () => {
      const typed = new URLSearchParams({ seed: input.value });
      const { state, messages } = address.read(typed.toString());
      take(state.seed, messages);
    });
    const next = button(words, () => {
      const parts = String(shown[name] ?? shown.seed).split("/").map(Number);
      parts.push(parts.pop() + 1);
      take(parts.length > 1 ? parts.join("/") : parts[0]);
    });
    const show = (state) => {
      shown = state;
      input.value = String(state[name] ?? state.seed);
      if (name === "pointsSeed") input.disabled = next.disabled = Boolean(state.points);
    };
    return { element: labelled(label, input, " ", next), show };
  }

  function truth(change) {
    const kinds = { line: "a line", wave: "a wave", step: "a step", drawn: "your own drawing" };
    const options = Object.entries(kinds).map(([kind, words]) => new Option(words, kind));
    const select = make("select", {}, ...options);
    const height = make("input", { type: "range", min: 0, max: 10, step: 0.5 });
    const output = make("output", {});
    let shown = {};
    const drawnOf = (state) => {
      const curve = network.truthOf(state.truth);
      return from(0, 20, 1).map((x) => Math.round(100 * curve(x)) / 100);
    };
    const tell = () => {
      const kind = select.value;
      const more = kind === "drawn" ? { values: drawnOf(shown) } : { height: Number(height.value) };
      change({ truth: kind === "line" ? { kind } : { kind, ...more } });
    };
    select.addEventListener("change", tell);
    height.addEventListener("input", tell);
    const heights = labelled("Its height", height, " ", output);
    const show = (state) => {
      shown = state;
      select.value = state.truth.kind;
      height.value = state.truth.height ?? 4;
      output.value = String(state.truth.height ?? "");
      heights.hidden = state.truth.height === undefined;
    };
    return { element: make("div", {}, labelled("Truth", select), heights), show };
  }

  function wild(change) {
    const input = make("input", { type: "checkbox" });
    input.addEventListener("change", () => change({ start: input.checked ? "wild" : "born" }));
    const label = make("label", {}, input, " start from the wild curve, set by hand (as many units as points)");
    const show = (state) => {
      input.checked = state.start === "wild";
      input.disabled = !network.canBeWild(state, network.pointsOf(state));
    };
    return { element: make("p", {}, label), show };
  }

  // Those few that a small board has.
  const FEW = ["steps", "batch", "noise"];

  function control(change, isSmall) {
    const parts = [];
    const add = (part) => {
      parts.push(part);
      return part.element;
    };
    const group = (legend, ...elements) =>
      make("fieldset", {}, make("legend", {}, legend), ...elements);
    const sliders = (...names) => names.map((name) => add(slider(name, change)));
    const groups = () => [
      group(
        "Training",
        ...sliders("steps", "batch", "rate"),
        add(seed("seed", "Seed of weights and batches", "New weights", change)),
        add(wild(change)),
      ),
      group(
        "What may protect it",
        ...Object.keys(INGREDIENTS).map((label) => add(ingredient(label, change))),
      ),
      group(
        "Points",
        ...sliders("noise", "n"),
        add(seed("pointsSeed", "Seed of the points", "New points", change)),
        add(truth(change)),
      ),
      group("Network", ...sliders("width", "depth")),
    ];
    const few = () => [
      ...sliders(...FEW),
      add(seed("seed", "Seed of weights and batches", "New weights", change)),
    ];
    const element = make(
      "form",
      { className: "play-controls", "aria-label": "Settings" },
      ...(isSmall ? few() : groups()),
    );
    element.addEventListener("submit", (event) => event.preventDefault());
    return { element, show: (state) => parts.forEach((part) => part.show(state)) };
  }

  return { control, make, labelled, button, grouped };
})();
