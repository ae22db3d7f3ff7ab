// What is said of an exchange while the pointer is on it.

const card = document.getElementById("card");
/** Objects that the card lists. */
const CARD_OBJECTS = 5;

function showCard(line, x, y) {
  const parts = exchangesOf(line, CARD_OBJECTS);
  card.hidden = !parts.length;
  if (card.hidden) return;
  card.replaceChildren(...parts);
  const { width, height } = card.getBoundingClientRect();
  card.style.left = Math.max(8, Math.min(x + 16, window.innerWidth - width - 8)) + "px";
  card.style.top = (y + 20 + height > window.innerHeight ? Math.max(8, y - height - 12) : y + 20) + "px";
}

function hideCard() {
  card.hidden = true;
  card.of = null;
}

let hovering = 0;
listbox.addEventListener("pointermove", (event) => {
  const line = Number(event.target.closest(".row[data-line]")?.dataset.line);
  if (event.pointerType !== "mouse" || !(isExchange(line) || rows.kind[line] === "s")) { clearTimeout(hovering); hideCard(); return; }
  if (card.of === line) return;
  hideCard();
  card.of = line;
  clearTimeout(hovering);
  hovering = setTimeout(() => showCard(line, event.clientX, event.clientY), 150);
});
listbox.addEventListener("pointerleave", () => { clearTimeout(hovering); hideCard(); });
scroll.addEventListener("scroll", hideCard, { passive: true });
