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
  const choose = document.getElementById("choose");
  if (!choose) return;
  const mark = () => {
    const chosen = [...choose.querySelectorAll(":checked")].map((it) => it.id).join(" ");
    for (const cell of document.querySelectorAll("[data-choice]")) cell.classList.toggle("chosen", cell.dataset.choice === chosen);
  };
  choose.addEventListener("change", () => { if (location.hash) location.hash = "choose"; mark(); });
  addEventListener("click", (event) => {
    const cell = event.target.closest && event.target.closest("[data-choice]");
    if (!cell) return;
    event.preventDefault();
    for (const id of cell.dataset.choice.split(" ")) document.getElementById(id).checked = true;
    if (location.hash) location.hash = "choose";
    mark();
    choose.querySelector(":checked").focus();
  });
  mark();
})();
