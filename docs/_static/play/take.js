// What a reader takes away: the numbers as tables, the lines of Python, files.
//
//   const take = makeTake({svg, getPicture})
//   take.element, take.show()    after a run
"use strict";

function makeTake({ svg, getPicture }) {
  const { make, button } = form;
  const digits = (value) => (Number.isFinite(value) ? value.toPrecision(3) : "–");

  function table(caption, heads, rows) {
    const row = (cells) =>
      make("tr", {}, ...cells.map((cell, k) =>
        k ? make("td", {}, cell) : make("th", { scope: "row" }, cell)));
    return make(
      "table",
      { className: "table result words-1" },
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map(row)),
    );
  }

  function tables({ setting, line, numbers }) {
    const judged = { network: numbers, ...setting.rungs };
    const rows = Object.entries(judged).map(([name, { error, risk, followed }]) =>
      [name, digits(error), digits(risk), digits(followed)]);
    const { intercept, slope } = setting.leastSquares;
    const places = Array.from({ length: 21 }, (_, x) => [
      ...[String(x), digits(setting.truth(x)), digits(intercept + slope * x)],
      line ? digits(lines.at(line, x)) : "–",
    ]);
    return [
      table(
        "How well each curve does",
        ["curve", "training error", "excess risk", "noise followed"],
        rows,
      ),
      table("The curves, at some x", ["x", "truth", "least squares", "network"], places),
    ];
  }

  function csv({ setting, line }) {
    const rows = [["kind", "x", "y"]], { x, y } = setting.points;
    x.forEach((_, k) => rows.push(["point", x[k], y[k]]));
    const knots = line ? [...line.knots].filter((place) => 0 < place && place < 20) : [];
    for (const place of [0, ...knots, 20])
      if (line) rows.push(["network", place, lines.at(line, place)]);
    for (const place of [0, ...knots, 20]) rows.push(["truth", place, setting.truth(place)]);
    return rows.map((row) => `${row.join(",")}\n`).join("");
  }

  function save(name, type, text) {
    const file = URL.createObjectURL(new Blob([text], { type }));
    make("a", { href: file, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(file), 1000);
  }

  const copying = (words, textOf) =>
    button(words, async (made) => {
      try {
        await navigator.clipboard.writeText(textOf());
        made.textContent = "Copied";
      } catch {
        made.textContent = "Your browser refuses";
      }
      setTimeout(() => (made.textContent = words), 2000);
    });
  const fold = (summary, ...content) => {
    const made = make("details", {}, make("summary", {}, summary), ...content);
    made.addEventListener("toggle", show);
    return made;
  };

  // What scrolls can be reached by Tab.
  const scrolled = (className, label) =>
    make("div", { className, tabIndex: 0, role: "region", "aria-label": label });
  const box = scrolled("play-tables", "Tables");
  // No pre: when the page loads, the theme takes those that do not scroll yet out of Tab's way.
  const code = scrolled("play-code", "Python");
  const numbers = fold("The picture as tables", box);
  const script = fold("The same network in Python", code);
  const element = make(
    "div",
    { className: "play-take" },
    make(
      "p",
      { className: "play-buttons" },
      copying("Copy the link", () => location.href),
      copying("Copy as Python", () => python.of(getPicture().state)),
      button("Save as SVG", () => save("curves.svg", "image/svg+xml", plot.file(svg))),
      button("Save as CSV", () => save("curves.csv", "text/csv", csv(getPicture()))),
    ),
    numbers,
    script,
  );
  function show() {
    const picture = getPicture();
    if (!picture) return;
    if (numbers.open) box.replaceChildren(...tables(picture));
    if (script.open) code.textContent = python.of(picture.state);
  }
  return { element, show };
}
