(() => {
  const cards = [...document.querySelectorAll("article.card")];
  const byLabel = document.getElementById("by-label");
  const byKind = document.getElementById("by-kind");
  const more = document.getElementById("more");
  const shown = document.getElementById("shown");
  if (!shown) return;
  const few = 12;
  const noun = byLabel ? "mistakes" : "articles";
  let everything = false;

  function update() {
    const label = byLabel ? byLabel.value : "";
    const kind = byKind ? byKind.value : "";
    const fits = cards.filter((card) =>
      (!label || card.dataset.labels.split(" ").includes(label)) && (!kind || card.dataset.kind === kind));
    const open = everything || label || kind ? fits : fits.slice(0, few);
    for (const card of cards) card.hidden = !open.includes(card);
    shown.textContent = open.length < cards.length ? `${open.length} of ${cards.length} ${noun}` : `${cards.length} ${noun}`;
    more.hidden = open.length === fits.length;
    more.textContent = `Show all ${fits.length}`;
  }

  for (const select of [byLabel, byKind]) if (select) select.addEventListener("change", update);
  more.addEventListener("click", () => { everything = true; update(); });
  for (const link of document.querySelectorAll("a[data-label]")) {
    link.addEventListener("click", () => { byLabel.value = link.dataset.label; update(); });
  }
  update();
})();
