"use strict";
(() => {
  const { all, byId, choosePlace, data, describe, mosaic, on, sections, set, state } = atlas;
  const section = sections.training;
  if (!section) return;
  const opened = byId("opened"), canvas = opened.querySelector("canvas"), caption = opened.querySelector("figcaption");
  const buttons = all("#training [data-cell]"), cells = all("#confusion [data-cell]");

  for (const button of buttons) button.addEventListener("click", () => set({ cell: button.dataset.cell }));

  // Tab reaches one cell of the table; from there, arrow keys go to the nearest cell that is not empty.
  if (cells.length) cells[0].tabIndex = 0;
  byId("confusion")?.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const from = event.target.dataset.cell;
    if (!step || !from) return;
    event.preventDefault();
    const [row, column] = from.split("-").map(Number);
    let best = null, least = Infinity;
    for (const cell of cells) {
      const [i, j] = cell.dataset.cell.split("-").map(Number), down = i - row, across = j - column;
      const along = down * step[0] + across * step[1], aside = Math.abs(down * step[1]) + Math.abs(across * step[0]);
      if (along > 0 && along + 2 * aside < least) [best, least] = [cell, along + 2 * aside];
    }
    if (best === null) return;
    event.target.tabIndex = -1;
    best.tabIndex = 0;
    best.focus();
  });

  on(["class"], () => {
    for (const row of all("#training [data-class-row]")) row.classList.toggle("current", Number(row.dataset.classRow) === state.class);
  });

  on(["cell", "point"], () => {
    const commonest = section.commonest[0], cell = state.cell || (commonest ? `${commonest.true}-${commonest.found}` : "");
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.cell === cell));
    const places = section.cells[cell];
    opened.hidden = !places;
    if (!places) return;
    const [own, found] = cell.split("-").map((k) => data.classes[k]);
    const what = own === found ? `${own}, recognized` : `${own} taken for ${found}`;
    caption.textContent = `${what}: ${places.length === 1 ? "one image" : `${places.length} images, surest first`}. Choose one to see its neighbors in the feature space.`;
    mosaic(canvas, {
      sheet: "gallery", cells: places, size: 84, label: `Images of ${what}`, chosen: places.indexOf(state.point),
      tell: (k) => describe(places[k]), choose: (k) => choosePlace(places[k]),
    });
  });
})();
