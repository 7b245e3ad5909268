// Examples of each class: ten in a row, or in two rows on a phone.
"use strict";
(() => {
  const { all, mosaic, on } = atlas;
  const look = () => (window.innerWidth < 768 ? { size: 28, columns: 5 } : { size: window.innerWidth < 1100 ? 40 : 56, columns: 10 });
  for (const canvas of all("#data canvas[data-sheet]")) {
    const first = Number(canvas.dataset.first), cells = Array.from({ length: Number(canvas.dataset.count) }, (_, i) => first + i);
    on([], () => mosaic(canvas, { sheet: canvas.dataset.sheet, cells, label: canvas.getAttribute("aria-label"), even: true, width: 640, ...look() }));
  }
})();
