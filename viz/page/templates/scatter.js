// The map of the feature space: points or images, with pointing, zooming, and arrow keys.
"use strict";
const scatter = (() => {
  const { byId, choosePlace, color, copy, data, describe, on, sections, sheet, single, state, surface } = atlas;
  const section = sections.space;
  if (!section) return null;
  const { places } = selection, canvas = byId("space-scatter"), tip = byId("space-tip"), imagesBox = byId("space-images"), MARGIN = 12, DEEPEST = 16;
  const WHOLE = { by: 1, x: 0.5, y: 0.5 };
  let side = 0, hovered = null, zoom = WHOLE; // x, y: the middle of what is seen, in 0…1
  let own = null; // where an image lies that the gallery does not hold, on each map
  let line = null; // of the lasso

  const onScreen = ([u, v]) => [(u - zoom.x) * zoom.by + 0.5, (v - zoom.y) * zoom.by + 0.5].map((w) => MARGIN + w * (side - 2 * MARGIN));
  const position = (place) => onScreen(section.maps[state.map][place]);

  function draw() {
    side = Math.min(canvas.parentElement.clientWidth, 680);
    const context = surface(canvas, side, side), narrow = side < 500;
    const asGrid = state.map === "grid", images = asGrid || imagesBox.checked ? sheet("gallery", draw) : null;
    const cell = asGrid ? (zoom.by * (side - 2 * MARGIN)) / Math.ceil(Math.sqrt(section.count)) : Math.sqrt(zoom.by) * (narrow ? 12 : 16);
    const radius = (narrow ? 2 : 2.8) * zoom.by ** 0.4;
    for (const place of places) {
      const [x, y] = position(place);
      if (x < -cell || y < -cell || x > side + cell || y > side + cell) continue;
      context.globalAlpha = selection.has(place) ? 1 : 0.12;
      if (images) {
        const height = (cell * images.height) / images.width, left = Math.round(x - cell / 2), top = Math.round(y - height / 2);
        copy(context, images, place, left, top, Math.round(x + cell / 2) - left, Math.round(y + height / 2) - top);
      } else if (!asGrid) {
        context.fillStyle = lens.colorOf(place);
        context.beginPath();
        context.arc(x, y, radius, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    if (!images && lens.named() && !narrow && zoom.by === 1) names(context, lens.named());
    if (own) star(context, onScreen(own[state.map].map((v) => Math.min(Math.max(v, 0), 1))));
    if (state.point !== null) ring(context, position(state.point), color("--accent"), 8);
    if (hovered !== null) ring(context, position(hovered), color("--ink"), 7);
    if (line) dashes(context);
  }

  function star(context, [x, y]) {
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
  function dashes(context) {
    context.strokeStyle = color("--accent");
    context.lineWidth = 1.5;
    context.setLineDash([4, 3]);
    context.beginPath();
    for (const [x, y] of line) context.lineTo(x, y);
    context.closePath();
    context.stroke();
  }

  // The names on the map: classes at the median of their points, and groups that have something else in common.
  function named(of, all) {
    const found = [];
    data.classes.forEach((name, k) => {
      const points = all.filter((_, place) => of[place] === k);
      if (!points.length || (state.class !== null && state.class !== k)) return;
      found.push([name, [0, 1].map((axis) => points.map((point) => point[axis]).sort((a, b) => a - b)[points.length >> 1])]);
    });
    if (state.map === "tsne" && state.class === null) for (const { at, what } of section.mixed) found.push([`several: ${what}`, onScreen(at)]);
    return found;
  }

  // A name is placed near its point where it hides the fewest points and no other name.
  function names(context, of) {
    context.font = "600 13px Inter, system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.strokeStyle = color("--paper");
    context.fillStyle = color("--ink");
    context.lineWidth = 4;
    const all = places.map(position), taken = [];
    for (const [name, [mx, my]] of named(of, all)) {
      const text = name.length > 24 ? `${name.slice(0, 23)}…` : name, half = context.measureText(text).width / 2;
      let best = null, least = Infinity;
      for (let away = 0; away <= 60; away += 12)
        for (let turn = 0; turn < (away ? 8 : 1); turn++) {
          const x = Math.min(Math.max(mx + 1.4 * away * Math.sin((turn * Math.PI) / 4), half + 4), side - half - 4);
          const y = Math.min(Math.max(my - away * Math.cos((turn * Math.PI) / 4), 10), side - 10);
          const hidden = all.filter(([px, py]) => Math.abs(px - x) < half + 2 && Math.abs(py - y) < 9).length;
          const others = taken.filter(([tx, ty, th]) => Math.abs(tx - x) < th + half + 4 && Math.abs(ty - y) < 17).length;
          const cost = hidden + 0.15 * away + 1000 * others;
          if (cost < least) [best, least] = [[x, y], cost];
        }
      taken.push([...best, half]);
      context.strokeText(text, ...best);
      context.fillText(text, ...best);
    }
  }

  // Pointing at the map.
  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * side) / box.width, ((event.clientY - box.top) * side) / box.height];
  }
  function nearest([x, y], within = 16) {
    let best = null, least = within * within;
    for (const place of places) {
      const [px, py] = position(place), distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least && selection.has(place)) [best, least] = [place, distance];
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

  // A drag moves a zoomed map; a press that does not move chooses.
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => (grip = { from: at(event), zoom, moved: false }));
  canvas.addEventListener("pointermove", (event) => {
    if (line) return void (grip && (grip.moved = true)); // the lasso's line chooses nothing else
    if (grip && event.buttons && zoom.by > 1) {
      const [x, y] = at(event), scale = (side - 2 * MARGIN) * zoom.by;
      grip.moved ||= Math.hypot(x - grip.from[0], y - grip.from[1]) > 4;
      if (grip.moved) return look({ by: zoom.by, x: grip.zoom.x - (x - grip.from[0]) / scale, y: grip.zoom.y - (y - grip.from[1]) / scale });
    }
    hover(nearest(at(event)));
  });
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("click", (event) => {
    const place = hovered === null ? nearest(at(event)) : hovered; // what was shown is what is chosen
    if (place !== null && !grip?.moved) choosePlace(place);
  });

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
  byId("space-all").addEventListener("click", () => {
    zoom = WHOLE;
    selection.all();
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // the page scrolls; a pinch comes with this key
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
      const along = dx * step[0] + dy * step[1], aside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
      if (selection.has(place) && along > 0.5 && aside <= along && along + aside < least) [best, least] = [place, along + aside];
    }
    if (best !== null) choosePlace(best);
  });

  selection.watch(draw);
  on(["lens"], draw);

  const trace = (points) => {
    line = points;
    draw();
  };
  return { at, canvas, draw, position, trace, place: (maps) => (own = maps) };
})();
