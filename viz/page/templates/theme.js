// Light and dark: the system's setting, unless the reader chooses. This script is first, so that nothing is drawn twice.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)"), button = document.getElementById("theme");
  let wish = null;
  try {
    wish = localStorage.getItem("atlas-theme");
  } catch {
    // a page from disk may have no storage; then the choice lasts as long as the page
  }
  function paint() {
    const theme = wish || (dark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-pressed", String(theme === "dark"));
    button.textContent = theme === "dark" ? "Dark: on" : "Dark: off";
    dispatchEvent(new Event("themechange"));
  }
  dark.addEventListener("change", paint);
  button.addEventListener("click", () => {
    wish = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("atlas-theme", wish);
    } catch {
      // as above
    }
    paint();
  });
  paint();
})();
