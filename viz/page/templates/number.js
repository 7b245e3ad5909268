// Where one number comes from: its window, the weights, the products and their sum.
"use strict";
(() => {
  const { byId, data, on, sections, set, state } = atlas;
  if (!sections.number || !live.available) return;
  const { program } = live, MOST_WINDOWS = 6, MOST_TERMS = 12;
  const select = byId("number-layer"), inputs = ["channel", "row", "column"].map((name) => byId(`number-${name}`));
  const paths = program.steps.map((step) => step.path), first = Math.max(0, program.steps.findIndex((step) => step.op === "conv2d"));
  select.replaceChildren(...paths.map((path, k) => new Option(path, k + 1)));
  const nameOf = (value) => (value === 0 ? "the image" : paths[value - 1]);
  const number = (v) => (v === 0 ? "0" : Math.abs(v) >= 1000 || Math.abs(v) < 0.001 ? v.toExponential(2) : v.toFixed(3)).replace("-", "−");
  let timer = null;

  // The number that is explained: at the chosen place, or the strongest of the chosen map.
  function target() {
    const chosen = state.layer === null ? undefined : program.values[state.layer], id = chosen || first + 1;
    const y = live.refreshed().values[id], vector = y.shape.length < 3;
    const channel = Math.min(state.channel, y.shape[0] - 1), [H, W] = vector ? [1, 1] : y.shape.slice(1);
    let place = state.spot && !vector ? state.spot.split("-").map(Number) : null;
    if (!place) {
      const at = vector ? 0 : engine.argmax(y.data.subarray(channel * H * W, (channel + 1) * H * W));
      place = [Math.floor(at / W), at % W];
    }
    return { id, y, vector, channel, H, W, row: Math.min(place[0], H - 1), column: Math.min(place[1], W - 1) };
  }

  const go = (value, channel, row, column) =>
    value > 0 && set({ layer: paths[value - 1], channel, spot: row === null || row === undefined ? null : `${row}-${column}` });

  const element = (tag, text, attributes = {}) => Object.assign(document.createElement(tag), { textContent: text, ...attributes });

  // A number on its color; if a layer computed it, a click goes down to it.
  function cell(value, largest, term) {
    const box = element("td", "");
    const goes = term && term.value > 0 && !term.padding;
    const inner = element(goes ? "button" : "span", number(value));
    box.style.background = `color-mix(in srgb, ${value < 0 ? "var(--cold)" : "var(--warm)"} ${Math.round(55 * Math.min(1, Math.abs(value) / largest))}%, var(--paper))`;
    if (goes) {
      inner.type = "button";
      inner.title = `where ${nameOf(term.value)}, channel ${term.channel}${term.row === null ? "" : `, row ${term.row}, column ${term.column}`} comes from`;
      inner.addEventListener("click", () => go(term.value, term.channel, term.row, term.column));
    } else if (term && term.padding) inner.title = "padding";
    box.append(inner);
    return box;
  }

  function grid(title, terms, columns, value, largest, withWay, winner) {
    const box = element("div", ""), table = element("table", ""), body = element("tbody", "");
    for (let at = 0; at < terms.length; at += columns) {
      const row = element("tr", "");
      for (const term of terms.slice(at, at + columns)) {
        const made = cell(value(term), largest, withWay ? term : null);
        made.classList.toggle("won", term === winner);
        row.append(made);
      }
      body.append(row);
    }
    table.append(body);
    box.append(element("h4", title), table);
    return box;
  }

  const greatest = (numbers) => numbers.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-12);
  const total = (terms) => terms.reduce((sum, t) => sum + t.product, 0);

  // A convolution, for each input channel: the window, the filter, the products.
  function windows({ terms, window }) {
    const channels = [...new Set(terms.map((t) => t.channel))].map((k) => terms.filter((t) => t.channel === k));
    channels.sort((a, b) => Math.abs(total(b)) - Math.abs(total(a)));
    const shown = channels.slice(0, MOST_WINDOWS), rest = channels.slice(MOST_WINDOWS).flat();
    const [most, heaviest, product] = ["input", "weight", "product"].map((key) => greatest(terms.map((t) => t[key])));
    const blocks = shown.map((part) => {
      const block = element("div", ""), three = element("div", "", { className: "three" });
      three.append(
        grid("saw", part, window[1], (t) => t.input, most, true), element("span", "×"),
        grid("filter", part, window[1], (t) => t.weight, heaviest), element("span", "="),
        grid("products", part, window[1], (t) => t.product, product),
      );
      block.append(element("h4", `channel ${part[0].channel} of ${nameOf(part[0].value)}: sum ${number(total(part))}`), three);
      return block;
    });
    if (rest.length) blocks.push(element("p", `and ${channels.length - shown.length} more channels, together ${number(total(rest))}`, { className: "note" }));
    return blocks;
  }

  // The terms of a sum, largest first.
  function list({ terms, how, total: sum }) {
    const order = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product)), shown = order.slice(0, MOST_TERMS), rest = order.slice(MOST_TERMS);
    const table = element("table", "", { className: "terms" }), head = element("tr", ""), body = element("tbody", "");
    const columns = how === "softmax" ? ["class", "score", "share"] : ["from", "value", "weight", "product"];
    head.append(...columns.map((text) => element("th", text, { scope: "col" })));
    const [most, heaviest, product] = ["input", "weight", "product"].map((key) => greatest(terms.map((t) => t[key])));
    for (const t of shown) {
      const row = element("tr", ""), where = t.row === null ? `${nameOf(t.value)}[${t.channel}]` : `${nameOf(t.value)}[${t.channel}, ${t.row}, ${t.column}]`;
      row.append(element("th", how === "softmax" ? data.classes[t.channel] : where, { scope: "row" }), cell(t.input, most, t));
      row.append(...(how === "softmax" ? [cell(t.product / sum, 1)] : [cell(t.weight, heaviest), cell(t.product, product)]));
      body.append(row);
    }
    table.append(head, body);
    return [table, ...(rest.length ? [element("p", `and ${rest.length} smaller terms, together ${number(how === "softmax" ? total(rest) / sum : total(rest))}`, { className: "note" })] : [])];
  }

  function formula({ how, terms, bias, result, winner, total: sum }) {
    const y = number(result), x = number(terms[0].input);
    switch (how) {
      case "sum": return `${number(total(terms))} (sum of ${terms.length} product${terms.length === 1 ? "" : "s"}) ${bias < 0 ? "−" : "+"} ${number(Math.abs(bias))} (bias) = ${y}`;
      case "max": return `max(${terms.filter((t) => !t.padding).map((t) => number(t.input)).join(", ")}) = ${y}, from row ${winner.row}, column ${winner.column}`;
      case "mean": return `mean of ${terms.length} numbers = ${y}`;
      case "relu": return terms[0].input > 0 ? `max(0, ${x}) = ${y}: it passes` : `max(0, ${x}) = 0: it is cut off`;
      case "softmax": return `e^score ÷ Σ e^scores = ${y} (of the largest score: ${number(terms.reduce((a, t) => Math.max(a, t.product), 0) / sum)})`;
      case "same": return `it is passed on as it is: ${y}`;
      default: return `f(${x}) = ${y}`;
    }
  }

  // The input channel that contributes most.
  function weightiest(terms) {
    const sums = new Map();
    for (const t of terms) sums.set(t.channel, (sums.get(t.channel) || 0) + t.product);
    return [...sums].reduce((best, one) => (Math.abs(one[1]) > Math.abs(best[1]) ? one : best))[0];
  }

  // What a ReLU makes of it, and a link to that.
  function upward(id, { channel, row, column, vector }, result) {
    const above = program.steps.findIndex((step) => step.op === "relu" && step.from[0] === id), line = byId("number-next");
    line.hidden = above < 0;
    if (above < 0) return;
    const way = element("button", paths[above], { type: "button", className: "plain" });
    way.addEventListener("click", () => go(above + 1, channel, vector ? null : row, column));
    line.replaceChildren("Then ", way, ` takes it: max(0, ${number(result)}) = ${number(Math.max(0, result))}.`);
  }

  function draw() {
    if (!live.refreshed()) return;
    const at = target(), { id, vector, channel, row, column, H, W, y } = at;
    const found = engine.origin(live.network(), live.refreshed().values, id, channel, row, column);
    select.value = String(id);
    [channel, row, column].forEach((v, k) => {
      inputs[k].value = v;
      inputs[k].max = [y.shape[0], H, W][k] - 1;
    });
    byId("number-place").hidden = vector;
    byId("number-trail").textContent = `${paths[id - 1]}, channel ${channel}${vector ? "" : `, row ${row}, column ${column}`}: made of ${[...new Set(found.step.from)].map(nameOf).join(" and ")}`;
    byId("number-formula").textContent = formula(found);
    trace.show(at, found.terms, weightiest(found.terms), nameOf);
    upward(id, at, found.result);
    const isWindow = found.window && found.how === "sum";
    const shown = isWindow ? windows(found)
      : found.window && found.window[0] * found.window[1] <= 256 ? [grid(`saw, in channel ${found.terms[0].channel} of ${nameOf(found.terms[0].value)}`, found.terms, found.window[1], (t) => t.input, greatest(found.terms.map((t) => t.input)), true, found.winner)]
      : list(found);
    byId("number-terms").replaceChildren(...shown);
    byId("number-python").textContent = engine.python(found, at, nameOf);
  }

  function next() {
    const { id, vector, channel, row, column, H, W, y } = target(), at = vector ? channel + 1 : row * W + column + 1;
    if (vector) go(id, at % y.shape[0], null);
    else go(id, channel, Math.floor(at / W) % H, at % W);
  }
  byId("number-step").addEventListener("click", next);
  byId("number-play").addEventListener("click", () => {
    const button = byId("number-play");
    if (timer) clearInterval(timer);
    timer = timer ? null : setInterval(next, 350);
    button.setAttribute("aria-pressed", String(Boolean(timer)));
    button.textContent = timer ? "Stop" : "Play";
  });
  select.addEventListener("change", () => go(Number(select.value), 0, null));
  for (const input of inputs) input.addEventListener("change", () => {
    const { id, vector } = target(), [channel, row, column] = inputs.map((other) => Math.min(Math.max(0, Math.round(Number(other.value)) || 0), Number(other.max)));
    go(id, channel, vector ? null : row, column);
  });
  on(["live", "layer", "channel", "spot"], draw);
})();
