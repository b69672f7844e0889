// The worker: trains what it is asked for, a slice at a time, so that it can be asked for else.
//
// To it
//   {kind: "open", binary}   once: trainer.wasm as an ArrayBuffer, or null for plain JavaScript
//   {kind: "train", id, states, ...}   train these, one after the other, and forget the last order
//       every   0     steps between frames, for slow motion; 0: none
//       pause   0     milliseconds to wait after such a frame
//       show    0     milliseconds after which there is a frame in any case; 0: never
//       low, high     knots are wanted between them; default -1 and 21; at least 0 and 20
//       weights false   whether the end has the weights, as [kernel, bias, ...]
//   {kind: "hold"} {kind: "go"}   wait, and go on
//   {kind: "stop"}                forget the order
// From it
//   {kind: "ready", engine}  "wasm" or "plain"
//   {kind: "frame" | "end", id, index, nStates, steps, nSteps, milliseconds,
//    diverged, line: {knots, slopes, values, anchor}, error, risk, followed, curvature, [weights]}
//       index is that of the state, which has one "end"; milliseconds were spent on drawing and
//       training. A run that diverged has no line, infinite error and risk, and NaN else.
//   {kind: "failed", id, index, message}   in place of an "end"
"use strict";

(() => {
  const SLICE = 6; // milliseconds, after which messages are looked at
  const now = () => performance.now();
  let trainer, order = null, isHeld = false, isScheduled = false;
  let stepsOfSlice = 8; // adapted to how fast this network goes here

  const channel = new MessageChannel(); // a timer would wait for four milliseconds
  channel.port1.onmessage = () => {
    isScheduled = false;
    proceed();
  };
  function schedule() {
    if (isScheduled || isHeld || !order) return;
    isScheduled = true;
    channel.port2.postMessage(0);
  }

  const receive = {
    open({ binary }) {
      try {
        trainer = webAssemblyTrainer(binary);
        postMessage({ kind: "ready", engine: "wasm" });
      } catch {
        trainer = plainTrainer(); // there is no WebAssembly, or the page forbids it
        postMessage({ kind: "ready", engine: "plain" });
      }
    },
    train(asked) {
      order = { every: 0, pause: 0, show: 0, low: -1, high: 21, index: 0, ...asked, run: null };
      isHeld = false;
      proceed();
    },
    hold: () => (isHeld = true),
    go: () => (isHeld = false),
    stop: () => (order = null),
  };
  onmessage = ({ data }) => {
    receive[data.kind](data);
    schedule();
  };

  function begin(state) {
    const started = now(), points = network.pointsOf(state), recipe = network.recipeOf(state);
    const { seed, rate, center } = network.complete(state);
    const weights = network.firstWeightsOf(state, points);
    const x = Float32Array.from(points.x, (place) => place - center);
    trainer.begin({ ...recipe, x, y: Float32Array.from(points.y), weights, rate, seed });
    stepsOfSlice = 8;
    return { state, points, recipe, center, milliseconds: now() - started, shown: now() };
  }

  // One slice of the run that is under way.
  function proceed() {
    if (!order || isHeld) return;
    const { id, index, states, every, pause, show } = order;
    try {
      order.run ??= begin(states[index]);
      const { run } = order;
      advance(run, every);
      if (trainer.isOver) {
        tell("end", run);
        order.run = null;
        order.index++;
        if (order.index === states.length) order = null;
      } else if (every ? trainer.steps % every === 0 : show && now() - run.shown >= show) {
        tell("frame", run);
        run.shown = now();
        if (every && pause) return wait(pause);
      }
    } catch (error) {
      order = null;
      postMessage({ kind: "failed", id, index, message: String(error) });
    }
    schedule();
  }

  function advance(run, every) {
    const started = now(), before = trainer.steps;
    const most = every ? Math.min(stepsOfSlice, every - (before % every)) : stepsOfSlice;
    trainer.advance(most);
    const spent = now() - started;
    run.milliseconds += spent;
    if (trainer.steps - before === stepsOfSlice)
      stepsOfSlice = Math.max(1, Math.round(stepsOfSlice * Math.min(SLICE / (spent + 0.1), 4)));
  }

  function wait(pause) {
    const waiting = order;
    setTimeout(() => order === waiting && schedule(), pause);
  }

  function tell(kind, { state, points, recipe, center, milliseconds }) {
    const { id, index, states, low, high } = order, { steps, hasDiverged: diverged } = trainer;
    const progress = { steps, nSteps: recipe.steps, milliseconds, diverged };
    const told = { kind, id, index, nStates: states.length, ...progress };
    const lost = { line: null, error: Infinity, risk: Infinity, followed: NaN, curvature: NaN };
    if (diverged) return postMessage({ ...told, ...lost });
    const weights = trainer.weights();
    const line = lines.polyline(weights, recipe.widths, { center, low, high });
    const { truth } = network.complete(state);
    const judged = network.judge((x) => lines.at(line, x), truth, points);
    const curvature = lines.curvature(line, network.LOW, network.HIGH);
    if (kind === "end" && order.weights) told.weights = weights;
    postMessage({ ...told, line, ...judged, curvature });
  }
})();
