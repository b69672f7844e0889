// Points that the reader moves, adds and removes, and a truth that the reader draws: with a pointer
// on the picture, or with fields, for whoever has none.
//
//   const hands = makeHands({svg, curves, getState, getPoints, change, choose})
//   hands.element, hands.show(state)
"use strict";

function makeHands({ svg, curves, getState, getPoints, change, choose }) {
  const { make, labelled, button } = form;
  const rounded = (value) => Math.round(1e4 * value) / 1e4;
  const within = ([x, y]) => [
    rounded(address.clamp(x, [network.LOW, network.HIGH])),
    rounded(address.clamp(y, address.HEIGHTS)),
  ];
  const OWN = "The points are yours now: the noise and the number of points are as they are.";
  let chosen = 0;

  // The points as the reader's own: those that were drawn until one of them changes.
  function own() {
    const { x, y } = getPoints();
    return getState().points?.slice() ?? Array.from(x, (place, k) => within([place, y[k]]));
  }
  function move(k, place) {
    const points = own();
    points[k] = within(place);
    chosen = k;
    curves.mark(...points[k]);
    change({ points }, [OWN]);
  }
  function add(place) {
    const points = own();
    if (points.length >= address.MOST_POINTS)
      return change({}, [`There may be no more than ${address.MOST_POINTS} points.`]);
    chosen = points.length;
    change({ points: [...points, within(place)] });
  }
  function remove(k) {
    const points = own();
    if (points.length <= 2) return change({}, ["There must be two points at least."]);
    points.splice(k, 1);
    chosen = Math.min(k, points.length - 1);
    change({ points });
  }
  function drawTruth([x, y]) {
    const { truth } = getState(), values = truth.values.slice(), last = values.length - 1;
    const share = address.clamp(x / network.HIGH, [0, 1]);
    values[Math.round(share * last)] = rounded(address.clamp(y, address.HEIGHTS));
    change({ truth: { kind: "drawn", values } });
  }

  // -- A pointer on the picture ----------------------------------------------------------------

  const tool = make(
    "select",
    {},
    new Option("moves points", "move"),
    new Option("adds points", "add"),
    new Option("removes points", "remove"),
    new Option("draws the truth", "draw"),
  );
  let held = -1, touched = -1, isDrawing = false;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (tool.value === "move") held = curves.nearest(event, getPoints());
    // A finger that scrolls the page moves nothing: it first chooses a point.
    if (event.pointerType === "touch" && held >= 0 && held !== touched) {
      choose((chosen = touched = held));
      held = -1;
    }
    isDrawing = tool.value === "draw";
    if (held < 0 && !isDrawing) return;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    curves.hold(true);
    if (isDrawing) startDrawing(event);
    else choose((chosen = held));
  });
  function startDrawing(event) {
    const { truth } = getState();
    const curve = network.truthOf(truth);
    const values = Array.from({ length: 41 }, (_, k) => rounded(curve(k / 2)));
    if (truth.kind !== "drawn") change({ truth: { kind: "drawn", values } });
    drawTruth(curves.placeOf(event));
  }
  svg.addEventListener("pointermove", (event) => {
    if (held >= 0) move(held, curves.placeOf(event));
    if (isDrawing) drawTruth(curves.placeOf(event));
  });
  function release() {
    if (held >= 0 || isDrawing) curves.hold(false);
    [held, isDrawing] = [-1, false];
  }
  for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, release);
  // A finger on the chosen point moves it, and elsewhere the page.
  svg.addEventListener(
    "touchstart",
    (event) => (held >= 0 || isDrawing) && event.preventDefault(),
    { passive: false },
  );
  svg.addEventListener("click", (event) => {
    if (tool.value === "add") add(curves.placeOf(event));
    const k = tool.value === "remove" ? curves.nearest(event, getPoints()) : -1;
    if (k >= 0) remove(k);
  });

  // -- Fields ----------------------------------------------------------------------------------

  const field = (more) => make("input", { type: "number", step: "any", ...more });
  const number = field({ min: 1, step: 1, value: 1 });
  const x = field({ min: 0, max: 20 }), y = field({});
  number.addEventListener("change", () => {
    const n = getPoints().x.length;
    chosen = address.clamp(Math.round(Number(number.value)) || 1, [1, n]) - 1;
    choose(chosen);
    showChosen();
  });
  const typed = () => [Number(x.value), Number(y.value)];
  for (const input of [x, y]) input.addEventListener("change", () => move(chosen, typed()));
  const back = button("Drawn points again", () => change({ points: undefined }));
  const at = field({ min: 0, max: 20, value: 0 }), height = field({});
  const heightAt = () => rounded(network.truthOf(getState().truth)(Number(at.value)));
  at.addEventListener("change", () => (height.value = heightAt()));
  height.addEventListener("change", () => drawTruth([Number(at.value), Number(height.value)]));
  const drawing = make("div", {}, labelled("Truth at x", at), labelled("is", height));

  function showChosen() {
    const points = getPoints();
    chosen = Math.min(chosen, points.x.length - 1);
    number.max = points.x.length;
    number.value = chosen + 1;
    x.value = rounded(points.x[chosen]);
    y.value = rounded(points.y[chosen]);
  }

  const element = make(
    "details",
    { className: "play-hands" },
    make("summary", {}, "Move, add and remove points by their numbers"),
    make(
      "div",
      { className: "play-fields" },
      labelled("Point", number),
      labelled("its x", x),
      labelled("its y", y),
      button("Add a point like it", () => add([typed()[0] + 0.1, typed()[1]])),
      button("Remove it", () => remove(chosen)),
      drawing,
    ),
  );
  element.addEventListener("toggle", () => choose(element.open ? chosen : -1));
  function show(state) {
    back.hidden = !state.points;
    drawing.hidden = state.truth.kind !== "drawn";
    if (!drawing.hidden) height.value = heightAt();
    showChosen();
  }
  return { element, tool: labelled("A pointer on the picture", tool, " ", back), show };
}
