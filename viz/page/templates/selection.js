// The points that class, search and lasso select: the number of images, their classes, and their mean.
"use strict";
const selection = (() => {
  const { byId, data, describe, drawn, on, percent, sections, set, sheet, single, state } = atlas;
  if (!sections.space) return null;
  const { labels, predictions } = data.gallery, classes = labels || predictions;
  const places = Array.from({ length: sections.space.count }, (_, place) => place), watchers = [];
  let found = null, circled = null; // what the search finds, and what the lasso holds
  const has = (place) => (state.class === null || classes[place] === state.class) && (!found || found.has(place)) && (!circled || circled.has(place));

  function told(left) {
    if (!left.length) return "No image is left.";
    const counts = new Map();
    for (const place of left) counts.set(classes[place], (counts.get(classes[place]) || 0) + 1);
    const commonest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([k, count]) => `${data.classes[k]} ${count}`).join(", ");
    const right = labels ? ` ${percent(left.filter((place) => labels[place] === predictions[place]).length / left.length)} recognized.` : "";
    return `${left.length.toLocaleString("en")} of ${places.length.toLocaleString("en")} images: ${commonest}${counts.size > 4 ? " and others" : ""}.${right} Their mean:`;
  }

  function mean(left) {
    const source = sheet("gallery", () => mean(left)), canvas = byId("space-mean");
    canvas.hidden = !left.length;
    if (!source || !left.length) return;
    const { image, width: w, height: h, columns } = source, sum = new Float64Array(w * h * 4);
    const reader = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height }).getContext("2d", { willReadFrequently: true });
    reader.drawImage(image, 0, 0);
    for (const place of left) {
      const { data: rgba } = reader.getImageData((place % columns) * w, Math.floor(place / columns) * h, w, h);
      for (let i = 0; i < rgba.length; i++) sum[i] += rgba[i];
    }
    const made = Object.assign(document.createElement("canvas"), { width: w, height: h }), context = made.getContext("2d"), cell = context.createImageData(w, h);
    cell.data.set(sum.map((v) => v / left.length));
    context.putImageData(cell, 0, 0);
    drawn("space-mean", made, w, h, 1);
    single(canvas, "space-mean", 0, 112, `mean of ${left.length.toLocaleString("en")} images`);
  }

  function change() {
    const left = places.filter(has), box = byId("space-selection");
    box.hidden = left.length === places.length;
    for (const watcher of watchers) watcher();
    if (box.hidden) return;
    byId("space-selected").textContent = told(left);
    mean(left);
  }

  byId("space-find").addEventListener("input", (event) => {
    const text = event.target.value.trim().toLowerCase();
    found = text ? new Set(places.filter((place) => describe(place).toLowerCase().includes(text))) : null;
    change();
  });
  function circle(inside) {
    circled = inside && inside.length ? new Set(inside) : null;
    change();
  }
  function all() {
    found = null;
    byId("space-find").value = "";
    circle(null);
    set({ class: null });
  }
  on(["class"], change);

  return { all, circle, has, places, watch: (call) => watchers.push(call) };
})();
