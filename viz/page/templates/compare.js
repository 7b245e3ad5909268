// Two networks run on the same image, and are drawn side by side, layer by layer.
"use strict";
(() => {
  const { all, bars, byId, chance, choosePlace, data, describe, mosaic, on, sections, state } = atlas;
  const section = sections.compare;
  if (!section || !live.available) return;
  const programs = [live.program, section.program], box = byId("compare-layers");
  live.ask("load", { name: "other", program: section.program, weights: section.weights });

  // A row for each layer that has maps or numbers to show: its name, and both networks' channels.
  const rows = section.layers.map((layer) => {
    const row = document.createElement("div"), name = document.createElement("h4");
    row.className = "pair";
    name.textContent = layer.path + (layer.likeness === undefined || layer.likeness === null ? "" : ` · likeness ${layer.likeness.toFixed(2)}`);
    row.append(name, ...layer.in.map((there) => document.createElement(there ? "canvas" : "p")));
    row.querySelectorAll("p").forEach((none) => Object.assign(none, { className: "note", textContent: "has no such layer" }));
    box.append(row);
    return { ...layer, places: [...row.children].slice(1) };
  });

  function drawLayer(layer, side, values) {
    const value = values[programs[side].values[layer.path]], canvas = layer.places[side];
    if (!value) return;
    const { data: y, shape } = value, vector = shape.length < 3, [h, w] = vector ? [1, 1] : shape.slice(1);
    const count = Math.min(shape[0], vector ? 64 : section.channels), signed = y.some((v) => v < 0), name = `compare-${side}-${layer.path}`;
    live.sheetOf(name, Array.from({ length: count }, (_, k) => y.subarray(k * h * w, (k + 1) * h * w)), [h, w], signed, live.largest(y));
    canvas.classList.toggle("signed", signed);
    mosaic(canvas, {
      sheet: name, cells: Array.from({ length: count }, (_, k) => k), even: true, size: vector ? 12 : 38, gap: vector ? 0 : 3, width: canvas.parentElement.clientWidth / 2 - 20,
      label: `${layer.path} of ${section.titles[side]}`, tell: (k) => `channel ${k}`,
    });
  }

  let asked = 0;
  on(["live"], async () => {
    const current = live.refreshed(), mine = ++asked;
    if (!current) return;
    const other = await live.ask("run", { name: "other", pixels: current.pixels });
    if (mine !== asked) return;
    [current, other].forEach(({ values, probabilities }, side) => {
      const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 5);
      byId(`compare-said-${side}`).textContent = `${data.classes[order[0]]} (${chance(probabilities[order[0]])})`;
      bars(byId(`compare-bars-${side}`), order.map((k) => [k, probabilities[k]]), order[0]);
      for (const row of rows) if (row.in[side]) drawLayer(row, side, values);
    });
  });

  for (const canvas of all("#compare [data-group]")) {
    const { name, places, theirs } = section.groups[Number(canvas.dataset.group)];
    on(["point"], () => mosaic(canvas, {
      sheet: "gallery", cells: places, size: 56, label: name, chosen: places.indexOf(state.point),
      tell: (k) => `${describe(places[k])}; ${section.titles[1]}: ${data.classes[theirs[k]]}`,
      choose: (k) => choosePlace(places[k]),
    }));
  }
})();
