// The bar of sections: a click goes to a section, and the visible one is marked.
"use strict";
(() => {
  const { all, byId, reveal } = atlas;

  // Sections, and the skip link: a click goes there without disturbing the state in the address.
  const links = all("nav [data-section]");
  for (const link of all("[data-section], .skip")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const section = byId(link.hash.slice(1));
      section.scrollIntoView();
      section.focus({ preventScroll: true });
    });
  }
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links) {
          if (link.dataset.section === entry.target.id) {
            link.setAttribute("aria-current", "true");
            reveal(link.parentElement);
          } else link.removeAttribute("aria-current");
        }
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  all("main > section").forEach((section) => observer.observe(section));
})();
