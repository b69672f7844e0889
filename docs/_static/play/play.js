// The playground: what is asked of the trainer, and what is shown of its answers.
//
// A picture is of one state: its points, its truth, its curve and its numbers. While one drags, it
// is a few milliseconds behind the controls, but never mixed.
//
// A board with data-state is a small one, on another page: it has few controls, begins with that
// state, leaves the address alone, and links to the playground, whose address is data-page.
"use strict";

(() => {
  const board = document.querySelector(".play");
  if (!board) return;
  const isSmall = board.dataset.state !== undefined;
  const { make, labelled, button, grouped } = form;
  const N_FAN = 16, QUIET = 700, N_FRAMES = 240;
  const FOLLOWS = 0.1; // what counts as overfitting, with the place halfway to the dots
  const isStill = matchMedia("(prefers-reduced-motion: reduce)");

  let state = network.STORY, written = null;
  let picture = null, order = null, ghost = null, chosen = -1, isPaused = false, notices = [];

  // -- What does not depend on the network -------------------------------------------------------

  let lastSetting = null;
  function settingOf({ n, noise, truth, points: own, seed, pointsSeed = seed }) {
    const key = JSON.stringify([n, noise, truth, own, pointsSeed]);
    if (lastSetting?.key === key) return lastSetting;
    const points = network.pointsOf({ n, noise, truth, points: own, seed: pointsSeed });
    const { x, y } = points, curve = network.truthOf(truth), line = network.fitLine(x, y);
    const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
    const sorted = Array.from(x.keys()).sort((a, b) => x[a] - x[b]);
    const [knots, values] = [x, y].map((column) => sorted.map((k) => column[k]));
    const slope = (k) => (values[k] - values[k - 1]) / (knots[k] - knots[k - 1] || Infinity);
    const slopes = [0, ...knots.slice(1).map((_, k) => slope(k + 1)), 0];
    const dots = { knots, values, slopes };
    const judge = (f) => network.judge(f, truth, points);
    const heights = [...y, ...Array.from({ length: 21 }, (_, place) => curve(place))];
    const range = [Math.floor(Math.min(...heights) - 0.5), Math.ceil(Math.max(...heights) + 0.5)];
    const rungs = {
      "least squares": judge((place) => line.intercept + line.slope * place),
      "join the dots": judge((place) => lines.at(dots, place)),
      "always the mean": judge(() => mean),
    };
    // Halfway between least squares and joining the dots, as ladder.halfway_to_the_dots.
    const noiseSquare = x.reduce((sum, place, k) => sum + (y[k] - curve(place)) ** 2, 0) / x.length;
    const halfway = noiseSquare * Math.sqrt(4 / (3 * x.length));
    const known = { points, truth: curve, leastSquares: line, range, rungs, halfway };
    return (lastSetting = { key, ...known });
  }

  // -- Elements ----------------------------------------------------------------------------------

  const svgOf = (id, words) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of Object.entries({ id, role: "img", "aria-label": words }))
      made.setAttribute(name, value);
    return made;
  };
  const curvesSvg = svgOf(
    "play-curves",
    "The points, the dashed truth, the least-squares line and the network's curve.",
  );
  const planeSvg = svgOf(
    "play-plane",
    "The network on the plane of noise followed and excess risk, beside three simple rules.",
  );
  const curves = plot.curves(curvesSvg), plane = plot.plane(planeSvg);

  const pause = button("Pause", () => hold(!isPaused));
  const fan = button("16 seeds", () => change({ fan: state.fan ? undefined : true }));
  const slow = button("Slow motion", () => train({ isSlow: true }));
  const more = button("Noise + 0.0001", nudge);
  const buttons = make(
    "p",
    { className: "play-buttons" },
    slow,
    pause,
    button("Rewind", rewind),
    button("Train", () => train()),
    fan,
    more,
  );
  const NUMBERS = {
    steps: "Steps",
    error: "Training error",
    risk: "Excess risk",
    followed: "Noise followed",
    bends: "Bends",
    milliseconds: "Milliseconds",
  };
  const fields = {};
  const numbers = make(
    "dl",
    { className: "play-numbers" },
    ...Object.entries(NUMBERS).map(([name, words]) =>
      make("div", {}, make("dt", {}, words), (fields[name] = make("dd", {}, "–"))),
    ),
  );
  const legend = make(
    "p",
    { className: "play-legend" },
    ...["points", "truth", "least squares", "network", "its bends"].map((words) =>
      make("span", { className: `of-${words.replace(" ", "-")}` }, words),
    ),
  );
  const notice = make("span", { className: "play-notice" }), said = make("span");
  const status = make("p", { className: "play-status", role: "status" }, notice, said);
  const preset = make(
    "select",
    {},
    new Option("choose …", ""),
    ...Object.keys(presets).map((name) => new Option(name, name)),
  );
  preset.addEventListener("change", () => {
    if (preset.value) open(presets[preset.value]);
  });

  const controls = form.control(change, isSmall);
  const take = makeTake({ svg: curvesSvg, getPicture: () => picture });
  const hands = makeHands({
    svg: curvesSvg,
    curves,
    change,
    getState: () => state,
    getPoints: () => settingOf(state).points,
    choose: (k) => {
      chosen = k;
      if (picture) draw();
    },
  });
  const all = make("a", {}, "All controls, in the playground");
  const verdict = make("strong"), printed = make("p", { className: "play-printed" });
  legend.append(verdict);
  const main = make("div", { className: "play-main" }, curvesSvg, legend);
  const pictures = [main, buttons, numbers, status, ...(isSmall ? [] : [planeSvg, printed])];
  const side = isSmall
    ? [controls.element, make("p", {}, all)]
    : [labelled("From the pages", preset), controls.element, hands.tool, hands.element];
  board.replaceChildren(
    make("div", { className: "play-pictures" }, ...pictures),
    make("div", { className: "play-side" }, ...side),
    ...(isSmall ? [] : [take.element]),
  );
  board.classList.add("is-ready");

  // -- What is shown -----------------------------------------------------------------------------

  function draw() {
    const { state: of, setting, line, numbers: found, fan: others, trail } = picture;
    const all = others.map((other) => other.line);
    curves.draw({ setting, line, fan: all, ghost, chosen });
    // Before the first step a curve has followed nothing.
    plane.draw(setting, { network: found.steps ? found : null, fan: others, trail });
    const percent = 100 * found.followed;
    fields.steps.textContent = grouped(found.steps);
    fields.error.textContent = short(found.error);
    fields.risk.textContent = short(found.risk);
    fields.followed.textContent = Number.isFinite(percent) ? `${percent.toFixed(1)}%` : "–";
    fields.bends.textContent = line ? [...line.knots].filter((x) => x > 0 && x < 20).length : "–";
    fields.milliseconds.textContent = found.milliseconds ? found.milliseconds.toFixed(0) : "–";
    verdict.textContent = found.steps ? verdictOf(picture)[0] : "not trained yet";
    // What the curve is of, for whoever checks.
    curvesSvg.dataset.state = address.write(of);
    curvesSvg.dataset.steps = found.steps;
  }
  const short = (value) =>
    Number.isFinite(value) ? (value < 1e-3 ? "< 0.001" : value.toPrecision(3)) : "diverged";

  // A few words, and a sentence. Who misses even the points does not run after them.
  function verdictOf({ numbers: { error, followed, risk, diverged }, setting }) {
    if (diverged) return ["diverged", ""];
    if (error > 1.5 * setting.rungs["least squares"].error)
      return ["misses its points", "It misses even its own points: training jumps, here. Move Steps a little, or go on."];
    if (!Number.isFinite(followed)) return ["", ""];
    const isWild = followed > FOLLOWS && risk > setting.halfway;
    return isWild ? ["overfits", "It overfits."] : ["does not overfit", "It does not overfit."];
  }

  let saying;
  function saySoon() {
    clearTimeout(saying);
    saying = setTimeout(() => {
      said.textContent = sentence();
      take.show();
    }, QUIET);
  }
  function sentence() {
    const { numbers: found, fan: others } = picture;
    if (found.diverged) return "The training diverged: its numbers left what a computer can hold.";
    const words = [
      `Trained ${grouped(found.steps)} steps in ${found.milliseconds.toFixed(0)} milliseconds.`,
      `Training error ${short(found.error)}, excess risk ${short(found.risk)}`,
    ];
    const share = 100 * found.followed;
    words[1] += Number.isFinite(share) ? `, ${share.toFixed(1)}% of the noise followed.` : ".";
    words.push(verdictOf(picture)[1]);
    if (others.length) {
      const risks = others.map(({ risk }) => risk).sort((a, b) => a - b);
      const [low, high] = [risks[0], risks.at(-1)].map(short);
      words.push(`With ${others.length} other seeds the excess risk is from ${low} to ${high}.`);
    }
    return words.join(" ");
  }

  // -- Training ----------------------------------------------------------------------------------

  function train({ isSlow = false } = {}) {
    const { seed, pointsSeed = seed, fan: isFan, ...rest } = state;
    const others = isFan && !isSlow ? Array.from({ length: N_FAN }, (_, k) => k) : [];
    const states = [state, ...others.map((k) => ({ ...rest, pointsSeed, seed: `${seed}/${k}` }))];
    const { steps, stepsPerEpoch } = network.recipeOf(state);
    const every = isSlow ? Math.max(stepsPerEpoch, Math.round(steps / N_FRAMES)) : 0;
    isPaused = false;
    pause.textContent = "Pause";
    if (isSlow) rewind();
    clearTimeout(saying);
    said.textContent = "";
    trainer.ask({ states, every, pause: isSlow ? 16 : 0, show: isSlow ? 0 : 120 });
  }

  function receive({ kind, id, index, message, line, ...found }, of) {
    if (kind === "ready") return board.setAttribute("data-engine", found.engine);
    if (kind === "failed") {
      said.textContent = `Something went wrong: ${message}`;
      return;
    }
    if (id !== order) {
      order = id;
      picture = { fan: [], trail: [] };
    }
    if (index === 0) {
      Object.assign(picture, { state: of, setting: settingOf(of), line, numbers: found });
      picture.trail.push({ followed: found.followed, risk: found.risk });
    } else if (kind === "end") picture.fan.push({ line, ...found });
    draw();
    if (kind === "end") saySoon();
  }
  const trainer = playTrainer(receive);

  // The first weights of the same seed, before any step.
  function rewind() {
    trainer.stop();
    const setting = settingOf(state), { center } = state;
    const weights = network.firstWeightsOf(state, setting.points);
    const { widths } = network.recipeOf(state);
    const line = lines.polyline(weights, widths, { center, low: -1, high: 21 });
    const judged = network.judge((x) => lines.at(line, x), state.truth, setting.points);
    const found = { ...judged, steps: 0, milliseconds: 0 };
    picture = { state, setting, line, numbers: found, fan: [], trail: [] };
    order = null;
    clearTimeout(saying);
    said.textContent = `${state.start === "wild" ? "The curve through all points, set by hand" : "The curve at birth"}, before any step. Train, or see it in slow motion.`;
    draw();
  }

  function hold(isHeld) {
    isPaused = isHeld && trainer.isBusy();
    pause.textContent = isPaused ? "Go on" : "Pause";
    if (isPaused) trainer.hold();
    else trainer.go();
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) trainer.hold();
    else if (!isPaused) trainer.go();
  });
  const showMotion = () => (slow.hidden = isStill.matches);
  isStill.addEventListener("change", showMotion);
  showMotion();

  // -- The state ---------------------------------------------------------------------------------

  let writing;
  function set(next, messages = [], isToBeSeen = false) {
    if (next.pointsSeed === next.seed) delete next.pointsSeed;
    state = address.possible(next, messages);
    notices = messages;
    notice.textContent = notices.join(" ") + (notices.length ? " " : "");
    // First, so that the worker is busy while the page shows the rest.
    if (isToBeSeen) rewind();
    else train();
    more.disabled = Boolean(state.points);
    fan.setAttribute("aria-pressed", Boolean(state.fan));
    controls.show(state);
    hands.show(state);
    clearTimeout(writing);
    writing = setTimeout(write, 300);
  }
  function change(patch, messages) {
    ghost = null;
    preset.value = "";
    set({ ...state, ...patch }, messages, patch.start === "wild");
  }
  function nudge() {
    const before = picture?.line ?? null, noise = Math.round(1e4 * (state.noise + 1e-4)) / 1e4;
    change({ noise: Math.min(noise, address.RULES.noise[1]) }, ["Dotted: the curve before."]);
    ghost = before;
  }
  function write() {
    written = address.write(state);
    all.href = `${board.dataset.page}#${written}`;
    if (!isSmall) history.replaceState(null, "", written ? `#${written}` : location.pathname + location.search);
    printed.textContent = `Where this can be seen again: ${location.href}`;
  }
  function open(fragment) {
    ghost = null;
    const { state: next, messages } = address.read(fragment);
    set(next, messages);
  }
  addEventListener("hashchange", () => {
    if (!isSmall && location.hash.slice(1) !== written) open(location.hash);
  });
  open(isSmall ? board.dataset.state : location.hash);
})();
