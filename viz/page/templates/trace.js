// Where a number comes from and where it is: the input map with its window marked, and its own map with its place.
"use strict";
const trace = (() => {
  const { byId, color, set, single } = atlas;
  if (!live.available) return null;
  const SIDE = 168;

  // A map of a value, with a frame around the places [top, left, height, width].
  function draw(id, { data: all, shape: [, H, W] }, channel, [top, left, height, width], label) {
    const plane = all.subarray(channel * H * W, (channel + 1) * H * W), signed = all.some((v) => v < 0), canvas = byId(id);
    canvas.classList.toggle("signed", signed);
    single(canvas, live.sheetOf(id, [plane], [H, W], signed, null), 0, SIDE, label, (context, scale) => {
      for (const [name, lineWidth] of [["--paper", 5], ["--accent", 2.5]]) {
        Object.assign(context, { strokeStyle: color(name, signed), lineWidth });
        context.strokeRect(left * scale, top * scale, width * scale, height * scale);
      }
    });
  }

  // `terms` are the terms of the number (see the engine's `origin`), `weighty` the channel that contributes most.
  function show({ id, y, vector, channel, row, column }, terms, weighty, nameOf) {
    const from = terms.filter((t) => t.channel === weighty && t.row !== null), source = live.refreshed().values[terms[0].value];
    byId("trace-from").parentElement.hidden = !from.length;
    byId("trace-to").parentElement.hidden = vector;
    byId("trace").hidden = !from.length && vector;
    if (from.length) {
      const [rows, columns] = ["row", "column"].map((key) => from.map((t) => t[key]));
      const top = Math.min(...rows), left = Math.min(...columns);
      draw("trace-from", source, weighty, [top, left, Math.max(...rows) - top + 1, Math.max(...columns) - left + 1], `what it saw of ${nameOf(terms[0].value)}, channel ${weighty}`);
      byId("trace-from-about").textContent = `what it saw of ${nameOf(terms[0].value)}, channel ${weighty}`;
    }
    if (vector) return;
    draw("trace-to", y, channel, [row, column, 1, 1], `${nameOf(id)}, channel ${channel}: the number stands in row ${row}, column ${column}`);
    byId("trace-to-about").textContent = `its place in ${nameOf(id)}, channel ${channel}`;
    byId("trace-to").onclick = (event) => {
      const box = byId("trace-to").getBoundingClientRect(), [, H, W] = y.shape;
      const place = [[event.clientY - box.top, box.height, H], [event.clientX - box.left, box.width, W]].map(([at, size, end]) => Math.min(Math.floor((at / size) * end), end - 1));
      set({ layer: nameOf(id), channel, spot: place.join("-") });
    };
  }
  return { show };
})();
