"use strict";
(() => {
  const { all, bars, byId, chance, chosenImage, data, drawn, mosaic, on, sections, set, single, state } = atlas;
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

  // The result, in words. An attack on a misclassified image may lead to the right class.
  function told(label, before, after, sure, changed) {
    const truth = label === null ? "" : ` It is ${/^[aeiou8]/i.test(data.classes[label]) ? "an" : "a"} ${data.classes[label]}.`;
    if (!changed) return `Unchanged, it is taken for ${data.classes[before]} (${chance(sure)}).${truth}`;
    if (after === before) return `It is still taken for ${data.classes[after]} (${chance(sure)}).${truth}`;
    if (after === label) return `Now it is recognized: ${data.classes[after]} (${chance(sure)}). It was misread before, so moving away from that answer led to the right one.`;
    return `Now it is taken for ${data.classes[after]} (${chance(sure)}), no longer for ${data.classes[before]}.${truth}`;
  }

  // Any other image is attacked here, by one step (FGSM).
  let asked = 0;
  async function attack() {
    const { pixels, of, probabilities } = live.refreshed() || {}, mine = ++asked, [C, H, W] = live.size;
    if (of !== state.image) return;
    const before = engine.argmax(probabilities), found = await live.ask("attack", { pixels, label: before, levels: state.eps });
    if (mine !== asked || typeof state.image === "number") return;
    const change = new Float32Array(H * W);
    found.pixels.forEach((v, i) => (change[i % (H * W)] += (v - pixels[i]) / C));
    for (const [id, shown] of [["original", pixels], ["image", found.pixels]]) {
      const canvas = document.createElement("canvas");
      live.show(canvas, shown);
      drawn(`own-attack-${id}`, canvas, W, H, 1);
      single(byId(`fooled-${id}`), `own-attack-${id}`, 0, 208, chosenImage().name);
    }
    const most = Math.max(...change.map(Math.abs));
    single(byId("fooled-change"), live.sheetOf("own-attack-change", [change], [H, W], true, most || 1), 0, 208, "the change, amplified");
    byId("fooled-amplified").textContent = most ? `the change: full color is ${most.toFixed(0)} levels` : "no change";
    const order = [...found.probabilities.keys()].sort((a, b) => found.probabilities[b] - found.probabilities[a]).slice(0, 5);
    byId("fooled-said").textContent = `${told(chosenImage().label, before, found.answer, found.probabilities[found.answer], state.eps > 0)} (One step, made in this page.)`;
    bars(byId("fooled-bars"), order.map((k) => [k, found.probabilities[k]]), before);
  }

  on(["image", "eps", ...(live.available ? ["live"] : [])], () => {
    const own = typeof state.image !== "number";
    const k = levels.indexOf(state.eps), p = own ? 0 : state.image, cell = p * levels.length + k;
    const before = answer(p, 0), [after, sure] = guesses[p][k][0];
    slider.value = k;
    slider.setAttribute("aria-valuetext", `${state.eps} of 255 levels`);
    byId("fooled-value").textContent = `${state.eps} / 255`;
    if (own) attack();
    else {
      const { name, label } = chosenImage();
      single(byId("fooled-original"), "attacked", p * levels.length, 208, name);
      single(byId("fooled-change"), "changes", cell, 208, "the change, amplified");
      single(byId("fooled-image"), "attacked", cell, 208, `${name}, changed by at most ${state.eps} of 255 levels`);
      byId("fooled-amplified").textContent = k === 0 ? "no change" : `the change: full color is ${amplified[p][k]} levels`;
      byId("fooled-said").textContent = told(label, before, after, sure, k > 0);
      bars(byId("fooled-bars"), guesses[p][k], before);
    }
    const fooled = data.images.map((_, i) => answer(i, k) !== answer(i, 0) && answer(i, k) !== data.images[i].label);
    mosaic(byId("fooled-all"), {
      sheet: "attacked", cells: data.images.map((_, i) => i * levels.length + k), even: true, size: Math.min(84, Math.floor(byId("fooled-all").parentElement.clientWidth / 6) - 8), columns: 6, chosen: -1,
      label: `All images, changed by at most ${state.eps} of 255 levels: ${fooled.filter(Boolean).length} of ${fooled.length} are taken for something else`,
      framed: (i) => fooled[i], tell: (i) => data.images[i].name,
      choose: (i) => set({ image: i, point: data.images[i].place }),
    });
    if (marker) {
      const point = all("circle:not(.marker)", curve)[k];
      marker.setAttribute("cx", point.getAttribute("cx"));
      marker.setAttribute("cy", point.getAttribute("cy"));
    }
  });
})();
