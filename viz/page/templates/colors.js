// Colors of points: each class has its own; a number is a shade between pale and full.
"use strict";
const colors = (() => {
  const { data, isDark } = atlas;

  // A canvas does not accept color-mix, so the browser computes each color once.
  const probe = document.createElement("i"), known = new Map();
  function solid(text) {
    if (!known.has(text)) {
      probe.style.color = text;
      document.body.append(probe);
      known.set(text, getComputedStyle(probe).color);
      probe.remove();
    }
    return known.get(text);
  }

  const many = data.classes.length > data.classColors.length; // then they cannot be told apart by color
  const ofClass = (k) => (many ? null : solid(isDark() ? `color-mix(in srgb, ${data.classColors[k]} 70%, white)` : data.classColors[k]));
  const ofShare = (share) => solid(`color-mix(in oklab, ${isDark() ? "#ffb37a" : "#8a2c00"} ${Math.round(20 * share) * 5}%, ${isDark() ? "#3a4048" : "#d5dbe2"})`);
  return { many, ofClass, ofShare };
})();
