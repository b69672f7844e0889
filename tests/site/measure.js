// What a test asks of a page as it is drawn. Positions are from the top of the document, in pixels.
async () => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const isShown = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    element.getBoundingClientRect().height > 0;
  const name = (element) =>
    element.tagName.toLowerCase() + [...element.classList].map((c) => "." + c).join("");
  const box = (element) => {
    if (!element) return null;
    const { top, bottom, width } = element.getBoundingClientRect();
    return { top: top + scrollY, bottom: bottom + scrollY, width };
  };

  // Lazy images below the fold count, too.
  const images = all("img").filter(isShown);
  const broken = [];
  await Promise.all(
    images.map((image) => {
      image.loading = "eager";
      return image.decode().catch(() => broken.push(image.getAttribute("src")));
    }),
  );

  // The theme lets the article scroll sideways, so that what is too wide does not widen the document.
  const columns = [document.scrollingElement, ...all("main, main .bd-content, .bd-article-container")];
  const scrolls = (element) =>
    !columns.includes(element) && getComputedStyle(element).overflowX !== "visible";
  const scrollsWithin = (element) =>
    element.parentElement && (scrolls(element.parentElement) || scrollsWithin(element.parentElement));
  const overflow = [];
  for (const column of columns.filter((column) => column.scrollWidth > column.clientWidth)) {
    overflow.push(`${name(column)} is ${column.scrollWidth} wide, its window ${column.clientWidth}`);
    const edge = column.getBoundingClientRect().left + column.clientWidth;
    for (const element of all("*", column).filter((element) => !scrollsWithin(element))) {
      const { right, width } = element.getBoundingClientRect();
      if (width && right > edge + 1) overflow.push(name(element));
    }
  }

  // Where the words and pictures of the header's controls lie, wherever their boxes end.
  const controls = all("header a, header button").filter(isShown);
  const inks = controls.map((control) => {
    const range = document.createRange();
    range.selectNodeContents(control);
    return range.getBoundingClientRect();
  });
  const covered = [];
  inks.forEach((one, k) =>
    inks.slice(k + 1).forEach((other, later) => {
      const apart = one.right <= other.left || other.right <= one.left;
      if (!apart && one.bottom > other.top && other.bottom > one.top)
        covered.push(`${name(controls[k])} and ${name(controls[k + 1 + later])}`);
    }),
  );

  const isCramped = (element) => {
    const { borderLeftWidth, paddingLeft } = getComputedStyle(element);
    return parseFloat(borderLeftWidth) > 0 && parseFloat(paddingLeft) < 8;
  };

  // A sans of the usual width sets two characters to an em: 34 em are 68 characters.
  const isLong = (paragraph) => {
    const { width, height } = paragraph.getBoundingClientRect();
    const { fontSize, lineHeight } = getComputedStyle(paragraph);
    const em = parseFloat(fontSize);
    return height > 1.5 * (parseFloat(lineHeight) || em) && width > 34.1 * em;
  };

  // How much of an article is code and how much is figures; what is folded is not shown.
  const article = document.querySelector("article");
  const blocks = article ? all("[class*=highlight-] pre", article).filter(isShown) : [];
  const code = blocks.filter((block) => !block.closest(".sphx-glr-script-out"));
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const heights = (elements) => sum(elements.map((element) => element.getBoundingClientRect().height));
  const nLines = (block) => block.textContent.split("\n").filter((line) => line.trim()).length;

  // A pair in a box that is hidden as a whole is none of a reader's business.
  const pairs = all("figure.twins, .page-card-picture").filter((pair) => isShown(pair.parentElement));
  return {
    article: article && {
      code: heights(code) / heights([article]),
      figures: heights(all("figure", article).filter(isShown)) / heights([article]),
      lines: sum(code.map(nLines)),
    },
    covered,
    long: all("main section > p, main dd > p").filter(isShown).filter(isLong).map(name),
    cramped: all(".answer, .claim, .page-card").filter(isShown).filter(isCramped).map(name),
    theme: document.documentElement.dataset.theme,
    broken,
    overflow: overflow.slice(0, 8),
    twins: pairs.filter(isShown).map((pair) => ({
      light: all("img.only-light", pair).map(isShown),
      dark: all("img.only-dark", pair).map(isShown),
    })),
    figures: all("figure.twins").map((figure) => {
      const image = all("img", figure).find(isShown);
      return {
        source: image?.getAttribute("src") ?? null,
        width: image?.getBoundingClientRect().width ?? 0,
        top: box(figure).top,
        captionIsShown: all("figcaption", figure).some(isShown),
      };
    }),
    filtered: images
      .filter((image) => image.closest("figure, .page-card-picture"))
      .filter((image) => getComputedStyle(image).filter !== "none")
      .map((image) => image.getAttribute("src")),
    title: box(document.querySelector("h1")),
    answer: box(document.querySelector("div.answer")),
  };
};
