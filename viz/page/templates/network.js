"use strict";
(() => {
  const { all, on, set, state } = atlas;
  const rows = all("#network [data-stage]");
  for (const row of rows) row.querySelector("button").addEventListener("click", () => {
    set({ layer: row.dataset.stage, channel: 0, spot: null });
    document.querySelector(`#journey [data-layer="${CSS.escape(row.dataset.stage)}"]`)?.scrollIntoView({ block: "center" });
  });
  on(["layer"], () => {
    for (const row of rows) {
      const current = row.dataset.stage === state.layer;
      row.classList.toggle("current", current);
      row.querySelector("button").setAttribute("aria-pressed", String(current));
    }
  });
})();
