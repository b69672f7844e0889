// Choose among the claims of the ledger, and sort them. What is chosen stands in the address, and,
// since the controls are far down, at the top of the page, with the way back to all.
(() => {
  const groups = [...document.querySelectorAll(".ledger-group")].map((section) => {
    const list = section.querySelector("ol.ledger");
    return { section, list, rows: [...list.children] };
  });
  if (!groups.length) return;
  const rows = groups.flatMap((group) => group.rows);

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key in made) made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };
  const labelled = (label, field) => element("label", {}, element("span", {}, label), " ", field);
  const select = (name, label, options) =>
    labelled(
      label,
      element("select", { name }, ...options.map(([text, value]) => new Option(text, value))),
    );
  const values = (key) => [...new Set(rows.map((row) => row.dataset[key]))];
  const choices = (key) => [["all", ""], ...values(key).map((value) => [value, value])];
  const status = element("p", { className: "ledger-status", role: "status" });
  const form = element(
    "form",
    { className: "ledger-controls", role: "search", "aria-label": "Choose among the claims" },
    labelled("Search", element("input", { type: "search", name: "q" })),
    select("part", "Part", choices("part")),
    select("kind", "Kind", choices("kind")),
    select("order", "Order", [["by page", ""], ["closest to failing", "margin"]]),
    status,
  );
  groups[0].section.before(form);
  const notice = element(
    "p",
    { className: "ledger-notice", hidden: true },
    element("span"),
    " ",
    element("button", { type: "button" }, "Show all"),
  );
  document.querySelector("article h1").after(notice);
  // Where all claims stand when they are sorted across pages.
  const sorted = document.createElement("ol");
  sorted.className = "ledger";
  form.after(sorted);

  // What a keyboard types finds what a page typesets.
  const plain = (text) =>
    text
      .toLowerCase()
      .replace(/[’‘]/g, "'")
      .replace(/[−–]/g, "-")
      .replace(/(\d),(?=\d)/g, "$1");
  const words = new Map(rows.map((row) => [row, plain(row.textContent)]));
  const margin = (row) => (row.dataset.margin === "" ? Infinity : parseFloat(row.dataset.margin));
  const chosen = () => Object.fromEntries(new FormData(form));
  const fits = (row, { q, part, kind }) =>
    (!part || row.dataset.part === part) &&
    (!kind || row.dataset.kind === kind) &&
    plain(q).split(/\s+/).every((word) => words.get(row).includes(word));

  const show = () => {
    const choice = chosen();
    rows.forEach((row) => (row.hidden = !fits(row, choice)));
    if (choice.order === "margin") {
      sorted.append(...[...rows].sort((one, other) => margin(one) - margin(other)));
    } else {
      groups.forEach(({ list, rows }) => list.append(...rows));
    }
    groups.forEach(({ section, list }) => {
      section.hidden = ![...list.children].some((row) => !row.hidden);
    });
    sorted.hidden = !sorted.children.length;
    const count = rows.filter((row) => !row.hidden).length;
    status.textContent = `${count} of ${rows.length} claims`;
    notice.hidden = count === rows.length;
    notice.querySelector("span").textContent = `Chosen: ${count} of ${rows.length} claims.`;
  };
  const write = () => {
    const set = Object.entries(chosen()).filter(([, value]) => value);
    const query = new URLSearchParams(set).toString();
    try {
      history.replaceState(null, "", (query ? `?${query}` : location.pathname) + location.hash);
    } catch {
      // Some browsers refuse it in some frames, or a hundred times in a row: the choice stands.
    }
  };
  const read = () => {
    const given = new URLSearchParams(location.search);
    for (const field of form.elements) field.value = given.get(field.name) ?? "";
  };

  const clear = () => {
    for (const field of form.elements) field.value = "";
    show();
    write();
  };
  // Go to what the address names; all is shown if that is hidden.
  const go = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest("[hidden]")) clear();
    target?.scrollIntoView();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    show();
    write();
  });
  notice.querySelector("button").addEventListener("click", clear);
  addEventListener("popstate", () => {
    read();
    show();
  });
  addEventListener("hashchange", go);
  // Nothing changes in the address where it names the same claim once more.
  document.addEventListener("click", ({ target }) => {
    if (target.closest("a")?.hash === location.hash && location.hash) go();
  });
  read();
  show();
  // The page has grown by the form since the browser went to the claim of the address.
  go();
})();
