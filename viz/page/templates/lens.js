// A lens says what the color of a point on the map means: a class, or a number from pale to full.
"use strict";
const lens = (() => {
  const { byId, color, data, on, sections, set, state } = atlas;
  if (!sections.space) return null;
  const { labels, predictions, sureness, attributes } = data.gallery, classes = labels || predictions;
  const range = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const shares = (values, [low, high]) => (place) => (values[place] - low) / (high - low || 1);
  const lenses = {
    class: { of: classes },
    prediction: { of: predictions },
    certainty: { share: shares(sureness, range(sureness)), ends: range(sureness).map((v) => `${Math.round(100 * v)}%`) },
  };
  if (labels) lenses.mistakes = { share: (place) => Number(labels[place] !== predictions[place]), ends: ["right", "wrong"] };
  for (const [name, values] of Object.entries(attributes))
    lenses[`attribute:${name}`] = { share: shares(values, range(values)), ends: range(values).map((v) => String(Number(v.toPrecision(3)))) };
  const current = () => lenses[state.lens] || lenses.class;

  function colorOf(place) {
    const { of, share } = current();
    if (share) return colors.ofShare(share(place));
    return colors.ofClass(of[place]) || (state.class === of[place] ? color("--accent") : color("--soft"));
  }

  // What the colors mean.
  const key = byId("space-key");
  function entry(swatch, name) {
    const item = document.createElement("li"), dot = document.createElement("i");
    dot.style.background = swatch;
    item.append(dot, name);
    return item;
  }
  byId("space-lens").addEventListener("change", (event) => set({ lens: event.target.value }));
  on(["lens"], () => {
    const { of, ends } = current();
    byId("space-lens").value = state.lens in lenses ? state.lens : "class";
    if (of) key.replaceChildren(...(colors.many ? [] : data.classes).map((name, k) => entry(colors.ofClass(k), name)));
    else key.replaceChildren(entry(colors.ofShare(0), ends[0]), entry(colors.ofShare(1), ends[1]));
  });

  // The class of each point, where the classes' names belong next to the points; else null.
  return { colorOf, named: () => (colors.many ? null : current().of || null) };
})();
