// The two pictures of the playground, as SVG: the curves, and the plane of the two numbers.
//
//   const curves = plot.curves(svg), plane = plot.plane(svg)
//   curves.draw(picture)          what one state looks like: see play.js
//   curves.placeOf(event)         [x, y] under a pointer
//   curves.nearest(event, points) which point is under a pointer, or -1
//   curves.hold(isHeld)           keep the axes as they are while something is dragged
//   plane.draw(setting, dots)     its rungs: {name: {followed, risk}}; dots: {network, fan, trail}
//   plot.file(svg)                the picture as a file of its own
//
// They are as wide as the page gives them, and redraw themselves when that changes.
"use strict";

const plot = (() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
  const px = (value) => clamp(value, -9999, 9999).toFixed(2);
  const pathOf = (places) => places.map(([x, y], k) => `${k ? "L" : "M"}${px(x)} ${px(y)}`).join("");

  // What both have: a frame, axes, and a size that follows that of the page.
  function chart(svg, shape, { xTitle, yTitle }) {
    const room = { left: 44, right: 8, top: 8, bottom: 40 };
    const axes = make("g", { class: "axes" }), marks = make("g");
    const clip = make("rect"), clipId = `${svg.id}-inside`;
    svg.append(make("clipPath", { id: clipId }, clip), axes, marks);
    let width = 0, height = 0, again = () => {};
    const inside = () => [width - room.left - room.right, height - room.top - room.bottom];
    const measure = () => {
      const box = svg.getBoundingClientRect();
      if (!box.width || (box.width === width && box.height === height)) return;
      [width, height] = [box.width, box.height];
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const [w, h] = inside();
      for (const [name, value] of Object.entries({ x: room.left, y: room.top, width: w, height: h }))
        clip.setAttribute(name, value);
      again();
    };
    new ResizeObserver(measure).observe(svg);

    // From shares of the frame, upward from 0 to 1, to pixels.
    const across = (share) => room.left + share * inside()[0];
    const up = (share) => room.top + (1 - share) * inside()[1];

    function drawAxes(xTicks, yTicks) {
      const [left, right, bottom, top] = [across(0), across(1), up(0), up(1)];
      const text = (x, y, words, more) => make("text", { x: px(x), y: px(y), ...more }, words);
      const rows = yTicks.flatMap(([share, words]) => [
        make("path", { d: pathOf([[left, up(share)], [right, up(share)]]), class: "grid" }),
        text(left - 6, up(share) + 4, words, { "text-anchor": "end" }),
      ]);
      const columns = xTicks.flatMap(([share, words]) => [
        make("path", { d: pathOf([[across(share), bottom], [across(share), top]]), class: "grid" }),
        text(across(share), bottom + 16, words, { "text-anchor": "middle" }),
      ]);
      const names = [
        text((left + right) / 2, height - 6, xTitle, { "text-anchor": "middle" }),
        text(0, 0, yTitle, {
          "text-anchor": "middle",
          transform: `translate(11 ${px((top + bottom) / 2)}) rotate(-90)`,
        }),
      ];
      axes.replaceChildren(...rows, ...columns, ...names);
    }

    const layer = (tag, name) => {
      const made = make(tag, { class: name, "clip-path": `url(#${clipId})` });
      marks.append(made);
      return made;
    };
    // Asking for the size makes the browser lay out the page, so only the first picture does.
    const isReady = () => {
      if (!width) measure();
      return width > 0;
    };
    const onResize = (redraw) => (again = redraw);
    const sharesOf = ({ clientX, clientY }) => {
      const box = svg.getBoundingClientRect(), [w, h] = inside();
      return [(clientX - box.left - room.left) / w, 1 - (clientY - box.top - room.top) / h];
    };
    return { shape, across, up, drawAxes, layer, isReady, onResize, sharesOf };
  }

  // -- The curves ----------------------------------------------------------------------------

  const X = [-0.4, 20.4];
  const shareX = (x) => (x - X[0]) / (X[1] - X[0]);

  function curves(svg) {
    const base = chart(svg, 3 / 4, { xTitle: "x", yTitle: "y" });
    const paths = Object.fromEntries(
      ["ticks", "fan", "line", "ghost", "network", "truth"].map((n) => [n, base.layer("path", n)]),
    );
    const dots = base.layer("g", "points"), ring = make("circle", { class: "chosen", r: 8 });
    dots.after(ring);
    let drawn = null, range = [0, 1], key = "", isHeld = false;
    const shareY = (y) => (y - range[0]) / (range[1] - range[0]);
    const place = (x, y) => [base.across(shareX(x)), base.up(shareY(y))];

    // Of a curve of straight pieces: its ends at the frame, and its knots between.
    function pieces(line) {
      const inside = [];
      line.knots.forEach((x, k) => X[0] < x && x < X[1] && inside.push(place(x, line.values[k])));
      const end = (x) => place(x, lines.at(line, x));
      return pathOf([end(X[0]), ...inside, end(X[1])]);
    }

    function frame({ range: wanted }) {
      if (!isHeld) range = wanted;
      const step = range[1] - range[0] > 32 ? 10 : 5, ticks = [];
      for (let y = Math.ceil(range[0] / step) * step; y <= range[1]; y += step)
        ticks.push([shareY(y), String(y)]);
      base.drawAxes([0, 5, 10, 15, 20].map((x) => [shareX(x), String(x)]), ticks);
    }

    function drawPoints({ x, y }) {
      while (dots.childElementCount > x.length) dots.lastChild.remove();
      while (dots.childElementCount < x.length) dots.append(make("circle", { r: 3 }));
      [...dots.children].forEach((dot, k) => {
        const [left, top] = place(x[k], y[k]);
        dot.setAttribute("cx", px(left));
        dot.setAttribute("cy", px(top));
      });
    }

    // What does not depend on the network is drawn only when it changes.
    function draw(picture) {
      drawn = picture;
      if (!base.isReady()) return;
      const { setting, line, fan, ghost, chosen } = picture, { points, leastSquares } = setting;
      if (key !== setting.key) {
        key = setting.key;
        frame(setting);
        drawPoints(points);
        const { intercept, slope } = leastSquares;
        const straight = X.map((x) => place(x, intercept + slope * x));
        paths.line.setAttribute("d", Number.isFinite(slope) ? pathOf(straight) : "");
        const xs = Array.from({ length: 401 }, (_, k) => X[0] + (k / 400) * (X[1] - X[0]));
        paths.truth.setAttribute("d", pathOf(xs.map((x) => place(x, setting.truth(x)))));
      }
      paths.network.setAttribute("d", line ? pieces(line) : "");
      paths.ghost.setAttribute("d", ghost ? pieces(ghost) : "");
      paths.fan.setAttribute("d", fan.filter(Boolean).map(pieces).join(""));
      const knots = line ? [...line.knots].filter((x) => X[0] < x && x < X[1]) : [];
      const [low, high] = [base.up(0), base.up(0) - 9];
      const tick = (x) => pathOf([[base.across(shareX(x)), low], [base.across(shareX(x)), high]]);
      paths.ticks.setAttribute("d", knots.map(tick).join(""));
      const isChosen = chosen >= 0 && chosen < points.x.length;
      ring.setAttribute("visibility", isChosen ? "visible" : "hidden");
      if (isChosen) mark(points.x[chosen], points.y[chosen]);
    }

    // A ring around the point that is being moved; it is ahead of the curve.
    function mark(x, y) {
      const [left, top] = place(x, y);
      ring.setAttribute("cx", px(left));
      ring.setAttribute("cy", px(top));
      ring.setAttribute("visibility", "visible");
    }

    base.onResize(() => {
      key = "";
      if (drawn) draw(drawn);
    });
    function placeOf(event) {
      const [across, up] = base.sharesOf(event);
      return [X[0] + across * (X[1] - X[0]), range[0] + up * (range[1] - range[0])];
    }
    const REACH = { mouse: 12, touch: 24 };
    function nearest(event, { x, y }) {
      const box = svg.getBoundingClientRect();
      let found = -1, distance = REACH[event.pointerType] ?? REACH.touch;
      x.forEach((_, k) => {
        const [left, top] = place(x[k], y[k]);
        const off = Math.hypot(event.clientX - box.left - left, event.clientY - box.top - top);
        if (off < distance) [found, distance] = [k, off];
      });
      return found;
    }
    function hold(nowHeld) {
      isHeld = nowHeld;
      if (isHeld) return;
      key = "";
      draw(drawn);
    }
    return { draw, mark, placeOf, nearest, hold };
  }

  // -- The plane of the two numbers ------------------------------------------------------------

  const FOLLOWS = 0.1;
  const FROM = 0.02; // linear up to here, then logarithmic, as figures.plot_plane
  const stretched = (s) =>
    Math.abs(s) <= FROM ? (0.8 * s) / FROM : Math.sign(s) * (0.8 + Math.log10(Math.abs(s) / FROM));
  const FOLLOWED = [-0.04, 1.6], RISKS = [0.003, 200];
  // What lies beyond stands at the edge.
  const shareIn = (value, [low, high]) => clamp((value - low) / (high - low), 0.015, 0.97);
  const shareFollowed = (s) => shareIn(stretched(s), FOLLOWED.map(stretched));
  const shareRisk = (risk) => shareIn(Math.log10(risk), RISKS.map(Math.log10));
  const X_TICKS = [0, 0.01, 0.02, 0.05, 0.2, 1].map((s) => [shareFollowed(s), `${100 * s}%`]);
  const Y_TICKS = [0.01, 0.1, 1, 10, 100].map((risk) => [shareRisk(risk), String(risk)]);

  function plane(svg) {
    const titles = { xTitle: "noise followed", yTitle: "excess risk" };
    const base = chart(svg, 1 / 2, titles);
    const corner = base.layer("path", "corner"), word = base.layer("text", "corner-word");
    const trail = base.layer("path", "trail"), fan = base.layer("path", "fan-dots");
    const rungs = base.layer("g", "rungs"), dot = base.layer("path", "dot");
    let drawn = null, known = null;
    const place = ({ followed, risk }) => [
      base.across(shareFollowed(followed)),
      base.up(shareRisk(Math.max(risk, 1e-9))),
    ];
    const isShown = (numbers) => numbers && Number.isFinite(numbers.followed) && numbers.risk < 1e9;
    const diamond = ([x, y], size) =>
      `${pathOf([[x, y - size], [x + size, y], [x, y + size], [x - size, y]])}Z`;

    // Where the site says that a network overfits.
    function drawCorner({ halfway }) {
      const left = base.across(shareFollowed(FOLLOWS)), bottom = base.up(shareRisk(halfway));
      const [right, top] = [base.across(1), base.up(1)];
      const isThere = halfway > RISKS[0];
      const edges = [[left, bottom], [left, top], [right, top], [right, bottom]];
      corner.setAttribute("d", isThere ? `${pathOf(edges)}Z` : "");
      word.setAttribute("x", px(left + 6));
      word.setAttribute("y", px(top + 16));
      word.textContent = isThere ? "overfits" : "";
    }

    function drawRungs(setting) {
      const named = Object.entries(setting.rungs).filter(([, numbers]) => isShown(numbers));
      named.sort(([, one], [, other]) => other.risk - one.risk);
      let lowest = -99;
      const drawnRungs = named.flatMap(([name, numbers]) => {
        const [x, y] = place(numbers), isRight = numbers.followed > 0.3;
        if (!isRight) lowest = Math.max(y, lowest + 13); // names keep apart
        const at = { x: px(isRight ? x - 9 : x + 9), y: px((isRight ? y : lowest) + 4) };
        return [
          make("circle", { cx: px(x), cy: px(y), r: 4.5 }),
          make("text", { ...at, "text-anchor": isRight ? "end" : "start" }, name),
        ];
      });
      rungs.replaceChildren(...drawnRungs);
    }

    // What does not depend on the network is drawn only when it changes.
    function draw(setting, dots) {
      drawn = [setting, dots];
      if (!base.isReady()) return;
      if (known !== setting) {
        known = setting;
        base.drawAxes(X_TICKS, Y_TICKS);
        drawCorner(setting);
        drawRungs(setting);
      }
      const shown = dots.trail.filter(isShown);
      trail.setAttribute("d", shown.length > 1 ? pathOf(shown.map(place)) : "");
      const small = dots.fan.filter(isShown).map((numbers) => diamond(place(numbers), 3));
      fan.setAttribute("d", small.join(""));
      dot.setAttribute("d", isShown(dots.network) ? diamond(place(dots.network), 7) : "");
    }
    base.onResize(() => {
      known = null;
      if (drawn) draw(...drawn);
    });
    return { draw };
  }

  // -- A file of its own -----------------------------------------------------------------------

  const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity"];
  const KEPT_OF_TEXT = ["font-family", "font-size"];

  function file(svg) {
    const copy = svg.cloneNode(true), { width, height } = svg.getBoundingClientRect();
    const inPage = svg.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((element, k) => {
      const style = getComputedStyle(inPage[k]);
      for (const name of [...KEPT, ...(element.tagName === "text" ? KEPT_OF_TEXT : [])])
        element.setAttribute(name, style.getPropertyValue(name));
    });
    const paper = getComputedStyle(document.body).backgroundColor;
    copy.prepend(make("rect", { width, height, fill: paper }));
    for (const name of ["class", "style", "role", "aria-labelledby"]) copy.removeAttribute(name);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    copy.setAttribute("xmlns", NAMESPACE);
    return new XMLSerializer().serializeToString(copy);
  }

  return { curves, plane, file };
})();
