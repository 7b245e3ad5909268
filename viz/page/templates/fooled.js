"use strict";
(() => {
  const { all, bars, byId, data, mosaic, on, percent, picture, sections, set, single, state } = atlas;
  const section = sections.fooled;
  if (!section) return;
  const { levels, guesses, amplified } = section;
  const slider = byId("fooled-epsilon"), curve = byId("fooled-curve");
  const answer = (p, k) => guesses[p][k][0][0];

  slider.addEventListener("input", () => set({ eps: levels[Number(slider.value)] }));

  let marker = null;
  if (curve) {
    marker = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    marker.setAttribute("class", "marker");
    marker.setAttribute("r", 6);
    curve.querySelector("svg").append(marker);
  }

  on(["picture", "eps"], () => {
    const k = levels.indexOf(state.eps), p = state.picture, cell = p * levels.length + k;
    const before = answer(p, 0), [after, sure] = guesses[p][k][0];
    slider.value = k;
    slider.setAttribute("aria-valuetext", `${state.eps} of 256 levels`);
    byId("fooled-value").textContent = `${state.eps} / 256`;
    const { name } = picture();
    single(byId("fooled-original"), "attacked", p * levels.length, 208, name);
    single(byId("fooled-change"), "changes", cell, 208, "the change, amplified");
    single(byId("fooled-picture"), "attacked", cell, 208, `${name}, changed by at most ${state.eps} of 256 levels`);
    byId("fooled-amplified").textContent = k === 0 ? "no change" : `the change: full colour is ${amplified[p][k]} of 256 levels`;
    byId("fooled-said").textContent =
      k === 0 ? `Unchanged, it is taken for ${data.classes[before]} (${percent(sure)}).`
      : after === before ? `It is still taken for ${data.classes[after]} (${percent(sure)}).`
      : `Now it is taken for ${data.classes[after]} (${percent(sure)}), no longer for ${data.classes[before]}.`;
    bars(byId("fooled-bars"), guesses[p][k], before);
    const fooled = data.pictures.map((_, i) => answer(i, k) !== answer(i, 0));
    mosaic(byId("fooled-all"), {
      sheet: "attacked", cells: data.pictures.map((_, i) => i * levels.length + k), size: 84, columns: 6, chosen: -1,
      label: `All pictures, changed by at most ${state.eps} of 256 levels: ${fooled.filter(Boolean).length} of ${fooled.length} are taken for something else`,
      framed: (i) => fooled[i], tell: (i) => data.pictures[i].name,
      choose: (i) => set({ picture: i, class: null, point: data.pictures[i].place }),
    });
    if (marker) {
      const point = all("circle:not(.marker)", curve)[k];
      marker.setAttribute("cx", point.getAttribute("cx"));
      marker.setAttribute("cy", point.getAttribute("cy"));
    }
  });
})();
