(() => {
  const fields = document.getElementById("fields");
  const show = (packet) => {
    const title = packet && packet.querySelector("title");
    fields.hidden = !title;
    if (title) fields.textContent = title.textContent;
  };
  const packet = (event) => event.target.closest && event.target.closest(".p");
  addEventListener("focusin", (event) => show(packet(event)));
  addEventListener("pointerover", (event) => { const it = packet(event); if (it) show(it); });
  addEventListener("keydown", (event) => {
    const here = packet(event);
    if (event.key === "Escape") fields.hidden = true;
    if (!here || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const all = [...here.closest("svg").querySelectorAll(".p")].filter((it) => it.getClientRects().length);
    const next = all[all.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) { event.preventDefault(); next.focus(); }
  });
})();
