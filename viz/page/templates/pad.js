// The drawing pad: mouse, finger, pen, keyboard or a file. Any chosen image can be changed too.
"use strict";
(() => {
  const { all, byId, data, on, state } = atlas;
  if (!live.available) return;
  const pad = byId("pad"), [C, H, W] = live.size, area = H * W, radius = Math.max(1, Math.min(H, W) / 22);
  const background = data.background, ink = background.map((level) => (level < 128 ? 255 : 0));
  const undo = [];
  let tool = "pen", last = null, cursor = null;

  const shown = () => (state.image === "own" ? live.own() : live.refreshed()?.pixels || live.own());
  const say = (text) => (byId("pad-said").textContent = text);

  function commit(pixels) {
    live.setOwn(pixels);
    live.show(pad, pixels);
    ring();
  }
  function change(edit) {
    undo.push(shown());
    if (undo.length > 50) undo.shift();
    commit(edit(shown()));
  }

  const brush = () => {
    if (tool === "eraser") return background;
    const picked = byId("pad-color");
    return picked ? picked.value.match(/[0-9a-f]{2}/gi).map((pair) => parseInt(pair, 16)) : ink;
  };

  // A line with a soft edge from one place to another.
  function stroke(pixels, from, to, color = brush()) {
    const y = pixels.slice(), [dx, dy] = [to[0] - from[0], to[1] - from[1]], length = dx * dx + dy * dy;
    for (let row = 0; row < H; row++)
      for (let column = 0; column < W; column++) {
        const [px, py] = [column + 0.5 - from[0], row + 0.5 - from[1]];
        const t = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(px - t * dx, py - t * dy)));
        if (cover > 0) for (let c = 0; c < C; c++) {
          const at = c * area + row * W + column;
          y[at] = Math.round(y[at] + cover * (color[c] - y[at]));
        }
      }
    return y;
  }

  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [((event.clientX - box.left) * W) / box.width, ((event.clientY - box.top) * H) / box.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pad.setPointerCapture(event.pointerId);
    last = place(event);
    cursor = null;
    change((pixels) => stroke(pixels, last, last));
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last) return;
    const all = event.getCoalescedEvents?.() || [];
    let pixels = shown();
    for (const here of (all.length ? all : [event]).map(place)) {
      pixels = stroke(pixels, last, here);
      last = here;
    }
    commit(pixels);
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (last = null));

  function ring() {
    if (!cursor) return;
    const context = pad.getContext("2d");
    context.strokeStyle = "#f60";
    context.lineWidth = Math.max(0.5, W / 60);
    context.strokeRect(cursor[0] - radius, cursor[1] - radius, 2 * radius, 2 * radius);
  }
  pad.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move && ![" ", "Enter", "Backspace", "Delete"].includes(event.key)) return;
    event.preventDefault();
    cursor ??= [W / 2, H / 2];
    const from = [...cursor];
    if (move) {
      const jump = Math.max(1, W / 28);
      cursor = [Math.min(W, Math.max(0, cursor[0] + jump * move[0])), Math.min(H, Math.max(0, cursor[1] + jump * move[1]))];
      if (event.shiftKey) change((pixels) => stroke(pixels, from, cursor));
    } else change((pixels) => stroke(pixels, cursor, cursor, event.key === " " || event.key === "Enter" ? brush() : background));
    live.show(pad, shown());
    ring();
    say(`Brush at column ${Math.round(cursor[0])} of ${W}, row ${Math.round(cursor[1])} of ${H}.`);
  });

  // Every pixel is read where a function says, interpolated between pixels; beyond the edge is background.
  function moved(pixels, source) {
    const y = new Uint8Array(pixels.length), at = (c, row, column) => (row < 0 || column < 0 || row >= H || column >= W ? background[c] : pixels[c * area + row * W + column]);
    for (let row = 0; row < H; row++)
      for (let column = 0; column < W; column++) {
        const [v, u] = source(row, column), top = Math.floor(v), left = Math.floor(u), b = v - top, r = u - left;
        for (let c = 0; c < C; c++)
          y[c * area + row * W + column] = Math.round(
            (1 - b) * ((1 - r) * at(c, top, left) + r * at(c, top, left + 1)) + b * ((1 - r) * at(c, top + 1, left) + r * at(c, top + 1, left + 1)),
          );
      }
    return y;
  }
  const shift = Math.max(1, Math.round(W / 28)), turn = Math.PI / 12, [cy, cx] = [(H - 1) / 2, (W - 1) / 2];
  const EDITS = {
    clear: (pixels) => pixels.map((_, i) => background[Math.floor(i / area)]),
    invert: (pixels) => pixels.map((v) => 255 - v),
    noise: (pixels) => pixels.map((v) => Math.min(255, Math.max(0, v + 50 * (Math.random() + Math.random() - 1)))),
    left: (pixels) => moved(pixels, (row, column) => [row, column + shift]),
    right: (pixels) => moved(pixels, (row, column) => [row, column - shift]),
    up: (pixels) => moved(pixels, (row, column) => [row + shift, column]),
    down: (pixels) => moved(pixels, (row, column) => [row - shift, column]),
    rotate: (pixels) => moved(pixels, (row, column) => [
      cy + Math.cos(turn) * (row - cy) - Math.sin(turn) * (column - cx),
      cx + Math.sin(turn) * (row - cy) + Math.cos(turn) * (column - cx),
    ]),
  };
  for (const button of all("[data-edit]")) button.addEventListener("click", () => {
    if (button.dataset.edit !== "undo") change(EDITS[button.dataset.edit]);
    else if (undo.length) commit(undo.pop());
  });
  for (const button of all("[data-tool]")) button.addEventListener("click", () => {
    tool = button.dataset.tool;
    for (const other of all("[data-tool]")) other.setAttribute("aria-pressed", String(other === button));
  });

  // A file: its shorter side is scaled to the image's size, and the middle is cropped.
  async function open(file) {
    if (!file) return;
    try {
      const image = await createImageBitmap(file), scale = Math.max(W / image.width, H / image.height);
      const canvas = Object.assign(document.createElement("canvas"), { width: W, height: H }), context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.fillStyle = "#fff";
      context.fillRect(0, 0, W, H);
      context.drawImage(image, (W - image.width * scale) / 2, (H - image.height * scale) / 2, image.width * scale, image.height * scale);
      const { data: rgba } = context.getImageData(0, 0, W, H);
      change(() => (C === 3 ? live.planes(rgba) : Uint8Array.from({ length: area }, (_, i) => 0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] + 0.114 * rgba[4 * i + 2] + 0.5)));
      say(`${file.name}, brought to ${W} × ${H} pixels.`);
    } catch {
      say(`${file.name} cannot be read: expected an image, such as a PNG or a JPEG.`);
    }
  }
  byId("pad-file").addEventListener("change", (event) => open(event.target.files[0]));
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
  addEventListener("drop", (event) => open(event.dataTransfer.files[0]));

  on(["live", "image"], () => {
    const current = live.refreshed();
    if (last || (!current && state.image !== "own")) return;
    live.show(pad, shown());
    ring();
    live.show(byId("own-thumb"), live.own());
    if (state.image !== "own" || !current) return;
    const empty = live.own().every((level, i) => level === background[Math.floor(i / area)]);
    const took = current.milliseconds < 1 ? "less than 1" : current.milliseconds.toFixed(0);
    say(empty ? "The pad is empty. Draw on it, or open a file: everything on this page follows." : `Computed in this page, in ${took} ms.`);
  });
})();
