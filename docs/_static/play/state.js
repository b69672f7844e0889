// A state of the playground and the fragment of its address, such as #steps=3200&batch=0.
//
//   address.read(fragment)   {state, messages}: the nearest valid state, and what had to be changed
//   address.write(state)     the fragment, without #, of what differs from the story
//   address.possible(state)  the same, born where it cannot be wild
//
// States are those of network.js, with `fan: true` where 16 seeds are shown. A number is written
// with the digits that it needs, so a link has the same bits on any device.
"use strict";

const address = (() => {
  const MOST_POINTS = 300;
  // Least, most, and whether only whole numbers will do.
  const RULES = {
    n: [2, MOST_POINTS, true],
    noise: [0, 10, false],
    width: [1, 200, true],
    depth: [0, 8, true],
    steps: [1, 20000, true],
    batch: [0, MOST_POINTS, true],
    rate: [1e-6, 1, false],
    center: [0, 20, false],
    biasStd: [0, 10, false],
  };
  const HEIGHTS = [-30, 50]; // of points and of what is drawn
  const MOST_DRAWN = 81;
  const TRUTHS = ["line", "wave", "step"];
  const DEFAULT_HEIGHT = 4;

  const clamp = (value, [least, most]) => Math.min(Math.max(value, least), most);
  const numberOf = (text) => (text.trim() === "" ? NaN : Number(text));
  const numbersOf = (text) => text.split(",").map(numberOf);

  // Each takes a text and the name of its setting, and gives the nearest valid value; NaN or
  // nothing means that there is none.
  function nearest(text, name) {
    const [least, most, isWhole] = RULES[name], value = numberOf(text);
    return clamp(isWhole ? Math.round(value) : value, [least, most]);
  }

  function seedOf(text) {
    const parts = text.trim().split("/").slice(0, 4).map(numberOf);
    if (parts.some(Number.isNaN)) return NaN;
    const whole = parts.map((part) => Math.round(clamp(part, [0, Number.MAX_SAFE_INTEGER])));
    return whole.length > 1 ? whole.join("/") : whole[0];
  }

  function truthOf(text) {
    const [kind, rest = ""] = text.split(":");
    if (kind === "drawn") {
      const values = numbersOf(rest).filter(Number.isFinite).slice(0, MOST_DRAWN);
      return values.length < 2 ? null : { kind, values: values.map((y) => clamp(y, HEIGHTS)) };
    }
    if (!TRUTHS.includes(kind)) return null;
    if (kind === "line") return { kind };
    const height = rest === "" ? DEFAULT_HEIGHT : numberOf(rest);
    return Number.isNaN(height) ? null : { kind, height: clamp(height, [-20, 20]) };
  }

  function pointsOf(text) {
    const pairs = text.split(";").map(numbersOf);
    const points = pairs.filter((pair) => pair.length === 2 && pair.every(Number.isFinite));
    if (points.length < 2) return null;
    const within = ([x, y]) => [clamp(x, [network.LOW, network.HIGH]), clamp(y, HEIGHTS)];
    return points.slice(0, MOST_POINTS).map(within);
  }

  const WRITERS = {
    truth: ({ kind, height, values }) =>
      kind === "line" ? kind : `${kind}:${kind === "drawn" ? values.join(",") : height}`,
    points: (points) => points.map((point) => point.join(",")).join(";"),
    fan: () => "1",
  };
  const textOf = (name, value) => (WRITERS[name] ?? String)(value);

  const flag = (text) => (["1", "true"].includes(text) ? true : text === "0" ? undefined : NaN);
  const READERS = {
    ...Object.fromEntries(Object.keys(RULES).map((name) => [name, nearest])),
    seed: seedOf,
    pointsSeed: seedOf,
    truth: truthOf,
    points: pointsOf,
    start: (text) => (["born", "wild"].includes(text) ? text : NaN),
    fan: flag,
  };

  const MOST_SHOWN = 40;
  const shown = (text) => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);

  function read(fragment) {
    const state = { ...network.STORY }, messages = [];
    for (const [name, text] of new URLSearchParams(fragment.replace(/^#/, ""))) {
      const reader = Object.hasOwn(READERS, name) ? READERS[name] : null;
      const value = reader ? reader(text, name) : null;
      if (!reader) messages.push(`There is no setting “${shown(name)}”.`);
      else if (value === null || Number.isNaN(value))
        messages.push(`${name} cannot be “${shown(text)}”: it is the story's.`);
      else {
        state[name] = value;
        if (value !== undefined && !isSame(textOf(name, value), text))
          messages.push(
            `${name} cannot be “${shown(text)}”: it is ${shown(textOf(name, value))}.`,
          );
      }
    }
    if (state.pointsSeed === state.seed) delete state.pointsSeed;
    return { state: possible(state, messages), messages };
  }

  // 1e3 and 1000 are one number, and "wave" is "wave:4".
  function isSame(written, text) {
    if (written === text || Number(written) === numberOf(text)) return true;
    const parts = (list) => list.split(/[,;:]/), [ours, theirs] = [parts(written), parts(text)];
    return (
      theirs.every((part, k) => part === ours[k] || numberOf(part) === Number(ours[k])) &&
      (ours.length === theirs.length || TRUTHS.includes(text))
    );
  }

  // Not every network can be set to the wild curve.
  function possible(state, messages = []) {
    if (state.start !== "wild" || network.canBeWild(state, network.pointsOf(state))) return state;
    messages.push(
      "The weights cannot be set by hand: this takes a hidden layer, as many units as points, " +
        "and no two points at one place.",
    );
    return { ...state, start: "born" };
  }

  function write(state) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(state)) {
      if (value === undefined || value === false) continue;
      const text = textOf(name, value), story = network.STORY[name];
      if (story === undefined || text !== textOf(name, story)) query.set(name, text);
    }
    query.sort();
    return query.toString().replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%3B/g, ";")
      .replace(/%2F/g, "/");
  }

  return { read, write, possible, clamp, RULES, HEIGHTS, MOST_POINTS };
})();
