// The map of the feature space: points or images, colored by a lens; zoom, search, and a lasso.
"use strict";
const scatter = (() => {
  const { byId, choosePlace, color, copy, data, describe, drawn, on, sections, set, sheet, single, state, surface } = atlas;
  const section = sections.space;
  if (!section) return null;
  const { labels, predictions, sureness, attributes } = data.gallery, classes = labels || predictions;
  const canvas = byId("space-scatter"), tip = byId("space-tip"), pictures = byId("space-pictures"), MARGIN = 12, DEEPEST = 16;
  const places = Array.from({ length: section.count }, (_, place) => place);
  let side = 0, hovered = null, own = null; // own: where an image lies that the gallery does not hold, on each map
  let zoom = { by: 1, x: 0.5, y: 0.5 }; // the middle of what is seen, in 0…1
  let found = null, circled = null, path = null; // what the search finds, what the lasso holds, its line

  const onScreen = ([u, v]) => [(u - zoom.x) * zoom.by + 0.5, (v - zoom.y) * zoom.by + 0.5].map((w) => MARGIN + w * (side - 2 * MARGIN));
  const position = (place) => onScreen(section.maps[state.map][place]);
  const chosen = (place) => (state.class === null || classes[place] === state.class) && (!found || found.has(place)) && (!circled || circled.has(place));

  // Lenses: what the color of a point says.
  const range = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const shares = (values, [low, high]) => (place) => (values[place] - low) / (high - low || 1);
  const LENSES = {
    class: { of: classes },
    prediction: { of: predictions },
    certainty: { share: shares(sureness, range(sureness)), ends: range(sureness).map((v) => `${Math.round(100 * v)}%`) },
    ...Object.fromEntries(Object.entries(attributes).map(([name, values]) => [`attribute:${name}`, { share: shares(values, range(values)), ends: range(values).map((v) => Number(v.toPrecision(3)).toString()) }])),
  };
  if (labels) LENSES.mistakes = { share: (place) => Number(labels[place] !== predictions[place]), ends: ["right", "wrong"] };
  const lens = () => LENSES[state.lens] || LENSES.class;
  function hueOf(place) {
    const { of, share } = lens();
    if (share) return colors.ofShare(share(place));
    return colors.ofClass(of[place]) || (state.class === of[place] ? color("--accent") : color("--soft"));
  }

  function draw() {
    side = Math.min(canvas.parentElement.clientWidth, 680);
    const context = surface(canvas, side, side);
    const asGrid = state.map === "grid", images = asGrid || pictures.checked ? sheet("gallery", draw) : null;
    const cell = (asGrid ? (side - 2 * MARGIN) / Math.ceil(Math.sqrt(section.count)) : side < 500 ? 12 : 16) * (asGrid ? zoom.by : Math.sqrt(zoom.by));
    const radius = (side < 500 ? 2 : 2.8) * zoom.by ** 0.4;
    for (const place of places) {
      const [x, y] = position(place);
      if (x < -cell || y < -cell || x > side + cell || y > side + cell) continue;
      context.globalAlpha = chosen(place) ? 1 : 0.12;
      if (images) {
        const height = (cell * images.height) / images.width, left = Math.round(x - cell / 2), top = Math.round(y - height / 2);
        copy(context, images, place, left, top, Math.round(x + cell / 2) - left, Math.round(y + height / 2) - top);
      } else if (!asGrid) {
        context.fillStyle = hueOf(place);
        context.beginPath();
        context.arc(x, y, radius, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    if (!images && lens().of && !colors.many && side >= 500 && zoom.by === 1) names(context, lens().of);
    if (own) star(context, own[state.map]);
    if (state.point !== null) ring(context, position(state.point), color("--accent"), 8);
    if (hovered !== null) ring(context, position(hovered), color("--ink"), 7);
    if (path) line(context);
  }

  function star(context, place) {
    const [x, y] = onScreen(place.map((v) => Math.min(Math.max(v, 0), 1)));
    context.fillStyle = color("--accent");
    context.strokeStyle = color("--paper");
    context.lineWidth = 2;
    context.beginPath();
    for (let k = 0; k < 10; k++) context.lineTo(x + Math.sin((k * Math.PI) / 5) * (k % 2 ? 5 : 12), y - Math.cos((k * Math.PI) / 5) * (k % 2 ? 5 : 12));
    context.closePath();
    context.fill();
    context.stroke();
  }
  function ring(context, [x, y], stroke, radius) {
    context.strokeStyle = stroke;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.stroke();
  }
  function line(context) {
    context.strokeStyle = color("--accent");
    context.lineWidth = 1.5;
    context.setLineDash([4, 3]);
    context.beginPath();
    for (const [x, y] of path) context.lineTo(x, y);
    context.closePath();
    context.stroke();
  }

  // A class's name stands beside the middle of its points: in the first spot around it that hides fewest of them.
  function names(context, of) {
    context.font = "600 13px Inter, system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const all = places.map(position), taken = [];
    data.classes.forEach((name, k) => {
      const points = all.filter((_, place) => of[place] === k);
      if (!points.length || (state.class !== null && state.class !== k)) return;
      const middle = [0, 1].map((axis) => points.map((point) => point[axis]).sort((a, b) => a - b)[points.length >> 1]);
      const text = name.length > 18 ? `${name.slice(0, 17)}…` : name, half = context.measureText(text).width / 2;
      let best = null, least = Infinity;
      for (let away = 0; away <= 60; away += 12) for (let turn = 0; turn < (away ? 8 : 1); turn++) {
        const x = Math.min(Math.max(middle[0] + 1.4 * away * Math.sin((turn * Math.PI) / 4), half + 4), side - half - 4);
        const y = Math.min(Math.max(middle[1] - away * Math.cos((turn * Math.PI) / 4), 10), side - 10);
        const hidden = all.reduce((sum, [px, py]) => sum + (Math.abs(px - x) < half + 2 && Math.abs(py - y) < 9), 0);
        const cost = hidden + 0.15 * away + 1000 * taken.filter(([tx, ty, th]) => Math.abs(tx - x) < th + half + 4 && Math.abs(ty - y) < 17).length;
        if (cost < least) [best, least] = [[x, y], cost];
      }
      taken.push([...best, half]);
      context.strokeStyle = color("--paper");
      context.lineWidth = 4;
      context.strokeText(text, ...best);
      context.fillStyle = color("--ink");
      context.fillText(text, ...best);
    });
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * side) / box.width, ((event.clientY - box.top) * side) / box.height];
  }
  function nearest([x, y], within = 16) {
    let best = null, least = within * within;
    for (const place of places) {
      const [px, py] = position(place), distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least && chosen(place)) [best, least] = [place, distance];
    }
    return best;
  }
  function hover(place) {
    if (place === hovered) return;
    hovered = place;
    tip.hidden = place === null;
    if (place !== null) {
      const [x, y] = position(place);
      single(tip.querySelector("canvas"), "gallery", place, 84, "");
      tip.querySelector("span").textContent = describe(place);
      tip.style.left = `${Math.max(0, Math.min(x + 14, side - 200))}px`;
      tip.style.top = `${y > side - 120 ? y - 115 : y + 14}px`;
    }
    draw();
  }

  // A drag moves the map, or draws the lasso; a press that does not move chooses.
  const lasso = byId("space-lasso");
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    grip = { from: at(event), zoom: { ...zoom }, moved: false };
    if (lasso.getAttribute("aria-pressed") !== "true") return;
    path = [at(event)];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (path) {
      path.push(at(event));
      return draw();
    }
    if (grip && event.buttons && zoom.by > 1) {
      const [x, y] = at(event), scale = (side - 2 * MARGIN) * zoom.by;
      grip.moved ||= Math.hypot(x - grip.from[0], y - grip.from[1]) > 4;
      if (grip.moved) return look({ by: zoom.by, x: grip.zoom.x - (x - grip.from[0]) / scale, y: grip.zoom.y - (y - grip.from[1]) / scale });
    }
    hover(nearest(at(event)));
  });
  canvas.addEventListener("pointerup", () => {
    if (!path) return;
    const line = path;
    path = null;
    circled = line.length > 3 ? new Set(places.filter((place) => inside(position(place), line))) : null;
    if (circled && !circled.size) circled = null;
    lasso.setAttribute("aria-pressed", "false");
    canvas.style.touchAction = "";
    select();
  });
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("click", (event) => {
    const place = hovered === null ? nearest(at(event)) : hovered; // what was shown is what is chosen
    if (place !== null && !grip?.moved) choosePlace(place);
  });
  lasso.addEventListener("click", () => {
    const wished = lasso.getAttribute("aria-pressed") !== "true";
    lasso.setAttribute("aria-pressed", String(wished));
    canvas.style.touchAction = wished ? "none" : "";
  });
  function inside([x, y], line) {
    let odd = false;
    line.forEach(([ax, ay], k) => {
      const [bx, by] = line[(k + 1) % line.length];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
    });
    return odd;
  }

  function look({ by, x, y }) {
    const half = 0.5 / by, within = (v) => Math.min(Math.max(v, half), 1 - half);
    zoom = { by, x: within(x), y: within(y) };
    draw();
  }
  function zoomBy(factor, [x, y] = [side / 2, side / 2]) {
    const by = Math.min(Math.max(zoom.by * factor, 1), DEEPEST), inner = side - 2 * MARGIN;
    const [u, v] = [(x - MARGIN) / inner - 0.5, (y - MARGIN) / inner - 0.5]; // what lies there stays there
    look({ by, x: zoom.x + u / zoom.by - u / by, y: zoom.y + v / zoom.by - v / by });
  }
  byId("space-in").addEventListener("click", () => zoomBy(2));
  byId("space-out").addEventListener("click", () => zoomBy(0.5));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // a pinch, too, comes as this
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY / 150), at(event));
  }, { passive: false });

  canvas.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "-") return zoomBy(event.key === "+" ? 2 : 0.5, state.point === null ? undefined : position(state.point));
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const from = state.point === null ? [side / 2, side / 2] : position(state.point);
    let best = null, least = Infinity;
    for (const place of places) {
      const [x, y] = position(place), dx = x - from[0], dy = y - from[1];
      const along = dx * step[0] + dy * step[1], beside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
      if (chosen(place) && along > 0.5 && beside <= along && along + beside < least) [best, least] = [place, along + beside];
    }
    if (best !== null) choosePlace(best);
  });

  byId("space-find").addEventListener("input", (event) => {
    const text = event.target.value.trim().toLowerCase();
    found = text ? new Set(places.filter((place) => describe(place).toLowerCase().includes(text))) : null;
    select();
  });
  byId("space-all").addEventListener("click", () => {
    found = circled = null;
    byId("space-find").value = "";
    zoom = { by: 1, x: 0.5, y: 0.5 };
    if (state.class === null) select();
    else set({ class: null });
  });

  // What class, search and lasso leave: how many, of which classes, and their mean image.
  function select() {
    const left = places.filter(chosen), box = byId("space-selection");
    box.hidden = left.length === places.length;
    draw();
    if (box.hidden) return;
    const counts = new Map();
    for (const place of left) counts.set(classes[place], (counts.get(classes[place]) || 0) + 1);
    const common = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([k, count]) => `${data.classes[k]} ${count}`);
    const right = labels ? left.filter((place) => labels[place] === predictions[place]).length : 0;
    byId("space-selected").textContent = left.length
      ? `${left.length} of ${places.length} images: ${common.join(", ")}${counts.size > 4 ? " and others" : ""}.${labels ? ` ${atlas.percent(right / left.length)} recognized.` : ""} Their mean:`
      : "No image is left.";
    mean(left);
  }
  function mean(left) {
    const source = sheet("gallery", () => mean(left)), canvasOfMean = byId("space-mean");
    canvasOfMean.hidden = !left.length;
    if (!source || !left.length) return;
    const { width: w, height: h } = source, sum = new Float64Array(w * h * 4);
    const reader = Object.assign(document.createElement("canvas"), { width: source.image.width, height: source.image.height }).getContext("2d", { willReadFrequently: true });
    reader.drawImage(source.image, 0, 0);
    for (const place of left) {
      const { data: rgba } = reader.getImageData((place % source.columns) * w, Math.floor(place / source.columns) * h, w, h);
      for (let i = 0; i < rgba.length; i++) sum[i] += rgba[i];
    }
    const image = Object.assign(document.createElement("canvas"), { width: w, height: h }), context = image.getContext("2d"), cell = context.createImageData(w, h);
    cell.data.set(sum.map((v) => v / left.length));
    context.putImageData(cell, 0, 0);
    drawn("space-mean", image, w, h, 1);
    single(canvasOfMean, "space-mean", 0, 112, `mean of ${left.length} images`);
    canvasOfMean.dataset.shown = ""; // the next mean is another image under the same name
  }

  // What the colors mean.
  const key = byId("space-key");
  function drawKey() {
    const { of, ends } = lens(), entry = (swatch, name) => {
      const item = document.createElement("li"), dot = document.createElement("i");
      dot.style.background = swatch;
      item.append(dot, name);
      return item;
    };
    if (of) key.replaceChildren(...(colors.many ? [] : data.classes).map((name, k) => entry(colors.ofClass(k), name)));
    else key.replaceChildren(entry(colors.ofShare(0), ends[0]), entry(colors.ofShare(1), ends[1]));
  }
  byId("space-lens").addEventListener("change", (event) => set({ lens: event.target.value }));
  on(["lens"], () => {
    byId("space-lens").value = state.lens in LENSES ? state.lens : "class";
    drawKey();
    draw();
  });
  on(["class"], select);

  return { draw, place: (maps) => (own = maps) };
})();
