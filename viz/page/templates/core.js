// What all sections share: the data, the state (kept in the address), drawing images from sheets, and rows of small images.
"use strict";

const atlas = (() => {
  const data = JSON.parse(document.getElementById("atlas-data").textContent);
  const byId = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

  // The state: every choice that views share. A view names the choices that it depends on, and is redrawn when one of them changes.
  const state = { image: 0, class: null, layer: null, channel: 0, eps: 0, point: null, map: "tsne", cell: null, spot: null, moment: null, lens: "class", scale: data.sections.journey?.long ? "map" : "layer" };
  const views = [];

  function valid(key, text) {
    const number = /^\d+$/.test(text) ? Number(text) : null;
    const { journey, layers, fooled } = data.sections;
    switch (key) {
      case "image": return text === "point" && data.program ? text : number !== null && number < data.images.length ? number : undefined;
      case "class": return number !== null && number < data.classes.length ? number : undefined;
      case "point": return number !== null && number < data.gallery.predictions.length ? number : undefined;
      case "channel": return number === null ? undefined : number;
      case "moment": return number !== null && data.sections.film && number < data.sections.film.moments.length ? number : undefined;
      case "spot": return /^\d+-\d+$/.test(text) ? text : undefined;
      case "eps": return fooled && fooled.levels.includes(number) ? number : undefined;
      case "lens": return text;
      case "scale": return ["layer", "map"].includes(text) ? text : undefined;
      case "map": return ["tsne", "pca", "grid"].includes(text) ? text : undefined;
      case "cell": return /^\d+-\d+$/.test(text) ? text : undefined;
      case "layer": {
        const known = [...(journey ? journey.layers : []), ...(layers ? layers.layers : [])].map((layer) => layer.path);
        return known.includes(text) || (data.program && text in data.program.values) ? text : undefined;
      }
      default: return undefined;
    }
  }

  const OLD_KEYS = { picture: "image" }; // links that were saved before use the old name
  function read() {
    const changed = {};
    for (const [written, text] of new URLSearchParams(location.hash.slice(1))) {
      const key = OLD_KEYS[written] ?? written, value = valid(key, text);
      if (value !== undefined) changed[key] = value;
    }
    return changed;
  }

  const initial = { ...state };
  function address() {
    const chosen = Object.entries(state).filter(([key, value]) => value !== initial[key] && value !== null && value !== "own");
    return "#" + new URLSearchParams(chosen).toString();
  }

  function set(changes) {
    const changed = Object.keys(changes).filter((key) => state[key] !== changes[key]);
    if (!changed.length) return;
    Object.assign(state, changes);
    if (location.protocol !== "about:") history.replaceState(null, "", address()); // a notebook's frame has no address
    for (const view of views) if (view.keys.some((key) => changed.includes(key))) view.draw();
  }

  function on(keys, draw) {
    views.push({ keys, draw });
    draw();
  }

  const tell = (key) => views.forEach((view) => view.keys.includes(key) && view.draw());
  const redraw = () => views.forEach((view) => view.draw());

  // Images are cells of sheets. A sheet is loaded when it is first needed; then all callbacks that wait for it are called.
  const loaded = new Map();
  function sheet(name, ready) {
    if (!loaded.has(name)) {
      const image = new Image();
      const entry = { ...data.sheets[name], image, waiting: [], complete: false };
      image.onload = () => {
        entry.complete = true;
        entry.waiting.splice(0).forEach((call) => call());
      };
      image.src = entry.src;
      loaded.set(name, entry);
    }
    const entry = loaded.get(name);
    if (entry.complete) return entry;
    if (ready && !entry.waiting.includes(ready)) entry.waiting.push(ready);
    return null;
  }

  function copy(context, source, index, x, y, width, height) {
    const column = index % source.columns, row = Math.floor(index / source.columns);
    context.imageSmoothingEnabled = width < source.width; // enlarged crisply, shrunk smoothly
    context.imageSmoothingQuality = "high";
    context.drawImage(source.image, column * source.width, row * source.height, source.width, source.height, x, y, width, height);
  }

  function surface(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = "auto";
    const context = canvas.getContext("2d");
    context.scale(canvas.width / width, canvas.height / height);
    return context;
  }

  // A canvas that the dark theme inverts is painted in light colors; and paper is light.
  let printing = false;
  const isDark = () => document.documentElement.dataset.theme === "dark" && !printing;
  const color = (name, inverted = false) => {
    const [light, dark] = getComputedStyle(document.documentElement).getPropertyValue(name).match(/#[0-9a-f]+/gi);
    return isDark() && !inverted ? dark : light;
  };

  // One cell, at a size of about `side` pixels; small cells are enlarged by a whole factor, so that pixels are equal squares.
  const SMALL = 64;
  function single(canvas, name, index, side, label, after) {
    canvas.dataset.shown = `${name}:${index}`;
    if (label !== undefined) canvas.setAttribute("aria-label", label);
    const draw = () => {
      if (canvas.dataset.shown !== `${name}:${index}`) return;
      const source = sheet(name, draw);
      if (!source) return;
      const available = Math.min(side, canvas.parentElement.clientWidth || side);
      const longest = Math.max(source.width, source.height);
      const scale = longest <= Math.min(SMALL, available) ? Math.max(1, Math.floor(available / longest)) : available / longest;
      const context = surface(canvas, source.width * scale, source.height * scale);
      copy(context, source, index, 0, 0, source.width * scale, source.height * scale);
      if (after) after(context, scale);
    };
    draw();
  }

  // Many cells in rows. `cells` are indices into the sheet; `framed` says which get a frame, `faint` which are faded; with `edge` all get a thin frame.
  // With `even` all have exactly `size`; with `choose` the row works like a slider: pointer or arrow keys choose a cell.
  function mosaic(canvas, options) {
    const first = canvas.mosaic === undefined;
    canvas.mosaic = options;
    if (first && options.choose) {
      canvas.tabIndex = 0;
      canvas.style.cursor = "pointer";
      canvas.setAttribute("role", "slider");
      canvas.addEventListener("click", (event) => {
        const { places, cells } = canvas.mosaic;
        const box = canvas.getBoundingClientRect();
        const x = ((event.clientX - box.left) * places.across) / box.width;
        const y = ((event.clientY - box.top) * places.down) / box.height;
        const at = Math.floor(y / places.stepY) * places.columns + Math.floor(x / places.stepX);
        if (at >= 0 && at < cells.length) canvas.mosaic.choose(at);
      });
      canvas.addEventListener("keydown", (event) => {
        const { cells, chosen, places } = canvas.mosaic;
        const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -places.columns, ArrowDown: places.columns };
        let at = Math.max(chosen, 0);
        if (event.key in steps) at += steps[event.key];
        else if (event.key === "Home") at = 0;
        else if (event.key === "End") at = cells.length - 1;
        else return;
        event.preventDefault();
        canvas.mosaic.choose(Math.min(Math.max(at, 0), cells.length - 1));
      });
    }
    const { label, cells, chosen = -1, tell } = options;
    if (options.choose) {
      canvas.setAttribute("aria-valuemin", 0);
      canvas.setAttribute("aria-valuemax", Math.max(cells.length - 1, 0));
      canvas.setAttribute("aria-valuenow", Math.max(chosen, 0));
      canvas.setAttribute("aria-valuetext", chosen >= 0 ? tell(chosen) : "none chosen");
    } else {
      canvas.setAttribute("role", "img");
    }
    canvas.setAttribute("aria-label", label);
    const draw = () => {
      if (canvas.mosaic !== options) return;
      const source = sheet(options.sheet, draw);
      if (!source) return;
      const size = options.size || 56, gap = options.gap === undefined ? 4 : options.gap;
      const longest = Math.max(source.width, source.height);
      const scale = longest <= size && !options.even ? Math.max(1, Math.floor(size / longest)) : size / longest;
      const w = source.width * scale, h = source.height * scale, line = options.framed || options.choose ? 2 : 0;
      const stepX = w + gap + 2 * line, stepY = h + gap + 2 * line;
      const columns = Math.max(1, Math.min(cells.length, options.columns || 999, Math.floor(((options.width || canvas.parentElement.clientWidth) + gap) / stepX)));
      const rows = Math.ceil(cells.length / columns);
      options.places = { columns, stepX, stepY, across: columns * stepX - gap, down: rows * stepY - gap };
      const context = surface(canvas, options.places.across, options.places.down);
      cells.forEach((cell, at) => {
        const x = (at % columns) * stepX, y = Math.floor(at / columns) * stepY;
        context.globalAlpha = options.faint && options.faint(at) ? 0.35 : 1;
        copy(context, source, cell, x + line, y + line, w, h);
        context.globalAlpha = 1;
        if (options.edge) {
          context.strokeStyle = color("--rule");
          context.lineWidth = 1;
          context.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
        }
        if (at === chosen || (options.framed && options.framed(at))) {
          context.strokeStyle = color("--accent", canvas.classList.contains("signed"));
          context.lineWidth = line;
          context.strokeRect(x + line / 2, y + line / 2, w + line, h + line);
        }
      });
    };
    draw();
  }

  // Bars with names: [[class, probability], …].
  function bars(list, guesses, current, told = chance) {
    list.replaceChildren(
      ...guesses.map(([index, value]) => {
        const row = document.createElement("div"), name = document.createElement("span"), track = document.createElement("i");
        const bar = document.createElement("i"), number = document.createElement("b");
        row.setAttribute("role", "listitem");
        row.classList.toggle("current", index === current);
        name.textContent = name.title = data.classes[index];
        bar.style.width = `${100 * value}%`;
        number.textContent = told(value);
        track.append(bar);
        row.append(name, track, number);
        return row;
      }),
    );
  }

  // A share, which may be 0% or 100%; and a probability, which is never exactly either.
  const percent = (value) => (value === 0 || value === 1 ? `${100 * value}%` : chance(value));
  const chance = (value) => (value >= 0.9995 ? ">99.9%" : value < 0.0005 ? "<0.1%" : `${(100 * value).toFixed(1)}%`);

  // An image of the gallery, described in words.
  function describe(place) {
    const { labels, names, predictions, sureness } = data.gallery;
    const found = data.classes[predictions[place]], sure = chance(sureness[place]);
    if (labels === null) return `${names[place]}: taken for ${found} (${sure})`;
    const own = data.classes[labels[place]];
    return labels[place] === predictions[place] ? `${own}, recognized (${sure})` : `${own}, taken for ${found} (${sure})`;
  }

  // Choose an image of the gallery: if the page runs the network itself, all sections follow it.
  function choosePlace(place) {
    const image = data.gallery.chosen[place];
    set(image !== undefined ? { point: place, image } : data.program && data.exact ? { point: place, image: "point" } : { point: place });
  }

  // What is followed: one of the dozen, any other of the gallery, or the reader's own. The last two have no answers
  // until the page has run the network on them.
  let answered = null;
  function chosenImage() {
    if (typeof state.image === "number") return data.images[state.image];
    const guesses = answered || [[0, 0]];
    if (state.image === "own") return { name: "your own image", label: null, predicted: guesses[0][0], guesses };
    const { labels, names, predictions } = data.gallery, place = state.point || 0;
    return { place, name: labels ? data.classes[labels[place]] : names[place], label: labels ? labels[place] : null, predicted: predictions[place], guesses };
  }
  const answer = (guesses) => (answered = guesses);

  // The chooser, which stays visible.
  for (const picker of all("[data-picker]")) {
    all("label", picker).forEach((label, index) => {
      const input = label.querySelector("input"), own = input.value === "own";
      if (!own) single(label.querySelector("canvas"), "gallery", data.images[index].place, 200);
      label.querySelector("canvas").classList.add("thumb");
      input.addEventListener("change", () => set(own ? { image: "own" } : { image: index, point: data.images[index].place }));
    });
  }

  // A sheet that the page draws, or redraws, itself: a canvas of equal cells.
  function drawn(name, image, width, height, columns) {
    loaded.set(name, { image, width, height, columns, complete: true, waiting: [] });
  }

  // Scroll a row sideways until one of its parts is visible, without scrolling the page.
  function reveal(part) {
    const row = part.offsetParent;
    if (row && row.scrollWidth > row.clientWidth) row.scrollLeft = part.offsetLeft - (row.clientWidth - part.offsetWidth) / 2;
  }

  function start() {
    Object.assign(state, read());
    on(["image"], () => {
      for (const label of all("[data-picker] label")) {
        const input = label.querySelector("input"), current = input.value === String(state.image);
        label.classList.toggle("current", current);
        input.checked = current;
        if (current) reveal(label);
      }
    });
    addEventListener("hashchange", () => set({ ...initial, ...read() }));
    let width = window.innerWidth;
    addEventListener("resize", () => {
      if (window.innerWidth !== width) redraw();
      width = window.innerWidth;
    });
    for (const event of ["beforeprint", "afterprint"]) addEventListener(event, () => {
      printing = event === "beforeprint";
      redraw();
    });
  }

  addEventListener("themechange", redraw);
  start();

  return { data, sections: data.sections, state, set, on, byId, all, single, mosaic, bars, percent, chance, describe, choosePlace, chosenImage, answer, drawn, tell, redraw, surface, sheet, copy, color, isDark, reveal };
})();
