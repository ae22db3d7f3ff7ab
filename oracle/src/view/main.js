// What the reader does: choosing, stepping, searching; and the order in which the page fills.

const query = document.getElementById("query");
const hitsBox = document.getElementById("hits");
const announce = document.getElementById("announce");
const help = document.getElementById("help");
const root = document.documentElement;
/** The line that a link asked for. */
const wanted = location.hash;
const modes = ["argument", "past", "all"];
const modeButton = (mode) => document.getElementById("mode-" + mode);

/** Brings a line into sight: opens its fold, and scrolls as little as possible. */
function reveal(line, toMiddle) {
  if (isHidden(line)) unfold(indexOf(line), line);
  const top = indexOf(line) * ROW;
  const { scrollTop, clientHeight } = scroll;
  if (toMiddle && (top < scrollTop || top + ROW > scrollTop + clientHeight)) scroll.scrollTop = top - clientHeight / 2;
  else if (top < scrollTop + ROW) scroll.scrollTop = top - ROW;
  else if (top + 2 * ROW > scrollTop + clientHeight) scroll.scrollTop = top + 2 * ROW - clientHeight;
}

/** Chooses a line, and a replica at it: its own where none is given. */
function choose(line, replica, options = {}) {
  if (!(line >= 2 && line <= lastLine)) return;
  view.line = line;
  const at = replicasOf(line).filter((of) => of >= 0);
  const isClaimedOf = rows.replica[line] < 0 && at.includes(view.replica);
  view.replica = replica ?? (isClaimedOf || !at.length ? Math.max(0, view.replica) : at[0]);
  showFindingAt(line);
  reveal(line, options.toMiddle);
  history.replaceState(null, "", "#L" + line);
  showModes();
  draw(true);
  lanes.querySelectorAll("span").forEach((label, lane) => label.classList.toggle("chosen", lane === view.replica));
  showState();
  const steps = why.querySelectorAll("ol.because > li");
  findings[view.finding]?.because.forEach((step, i) => steps[i]?.classList.toggle("here", step.includes(line)));
  if (replica !== undefined) announce.textContent = plain(`${replicaName(view.replica)} after line ${line}`);
}

/** Shows the argument of a claim that is false, where another one is shown. */
function showFindingAt(line) {
  const number = findingAt.get(line) ?? view.finding;
  if (number === view.finding) return;
  view.finding = number;
  showWhy();
  if (view.mode === "argument") {
    foldAround(argumentLines());
    layout();
  }
}

/** Chooses a finding, and shows its argument. */
function chooseFinding(number, options = {}) {
  if (!findings[number]) return;
  view.finding = number;
  showWhy();
  showMode(view.mode === "past" ? "argument" : view.mode);
  if (findings[number].line <= lastLine) choose(findings[number].line, undefined, { toMiddle: true });
  if (!options.silent) announce.textContent = plain(findings[number].title.replaceAll("`", ""));
}

function choosePager(by) {
  const number = view.finding + by;
  if (number >= 0 && number < findings.length) chooseFinding(number);
}

/** Whether a mode has something to show now. */
function isPossible(mode) {
  return mode === "all" || (mode === "argument" ? findings.length > 0 : view.line > 0 && root.dataset.filled === "all");
}

function showMode(mode) {
  view.mode = isPossible(mode) ? mode : "all";
  view.folds = view.mode !== "all" || isWishing();
  if (view.mode === "past") view.focus = view.line;
  if (view.folds) foldAround(view.mode === "past" ? pastLines() : view.mode === "all" ? wishedLines() : argumentLines());
  showModes();
  layout();
  if (view.line) {
    reveal(view.line, true);
    draw(true);
  }
}

/** The lines about the object and the replica that the reader asks for. */
function wishedLines() {
  const lines = [];
  for (let line = 2; line <= lastLine; line++) if (isWished(line)) lines.push(line);
  return lines;
}

/** Shows the choices by which events are filtered, and what they leave. */
function showWishes() {
  const act = () => { showWhy(); showWishes(); search(); showMode("all"); };
  document.getElementById("wishes").replaceChildren(objectChoice(act), replicaChoice(act));
}

function showModes() {
  for (const mode of modes) {
    modeButton(mode).setAttribute("aria-pressed", mode === view.mode);
    modeButton(mode).disabled = !isPossible(mode);
  }
}

/** The next way to show the events. */
function nextMode() {
  const possible = modes.filter(isPossible);
  showMode(possible[(possible.indexOf(view.mode) + 1) % possible.length]);
}

/** Goes to the next line that is shown, or several further. */
function step(by) {
  const count = itemCount();
  if (!count) return;
  const direction = Math.sign(by);
  let index = view.line ? indexOf(view.line) + by : direction > 0 ? 0 : count - 1;
  index = Math.min(count - 1, Math.max(0, index));
  while (index >= 0 && index < count && typeof itemAt(index) !== "number") index += direction;
  if (index >= 0 && index < count) choose(itemAt(index));
}

function stepReplica(by) {
  const replica = view.replica + by;
  if (view.line && replica >= 0 && replica < head.replicas.length) choose(view.line, replica);
}

/** The next line that the argument names. */
function stepArgument(by) {
  const named = [...(findings[view.finding]?.named ?? [])].filter((line) => line <= lastLine).sort((a, b) => a - b);
  const next = by > 0 ? named.find((line) => line > view.line) : named.findLast((line) => line < view.line);
  if (next) choose(next, undefined, { toMiddle: true });
}

/** From a message to where it was applied, and back. */
function follow() {
  const to = rows.from[view.line] || (arrivals.get(view.line) ?? [])[0];
  if (to) choose(to, undefined, { toMiddle: true });
}

// Search

function search() {
  const text = query.value.trim();
  const line = /^[lL#]*(\d+)$/.exec(text);
  view.hits = [];
  if (line && Number(line[1]) >= 2 && Number(line[1]) <= lastLine && /^[lL#]/.test(text)) {
    view.hits = [Number(line[1])];
  } else if (text) {
    const words = text.toLowerCase().split(/\s+/);
    for (let line = 2; line <= lastLine; line++) {
      const said = texts[line]?.toLowerCase();
      if (said && words.every((word) => said.includes(word)) && isWished(line)) view.hits.push(line);
    }
  }
  showHits();
}

function showHits() {
  const at = view.hits.indexOf(view.line);
  const number = view.hits.length.toLocaleString("en");
  hitsBox.textContent = query.value.trim() ? (at >= 0 ? `${(at + 1).toLocaleString("en")} of ${number}` : number) : "";
}

function stepHit(by) {
  search();
  const { hits, line } = view;
  if (!hits.length) return;
  const next = by > 0 ? hits.find((hit) => hit > line) ?? hits[0] : hits.findLast((hit) => hit < line) ?? hits[hits.length - 1];
  choose(next, undefined, { toMiddle: true });
  showHits();
}

let waiting = 0;
query.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter") { event.preventDefault(); stepHit(event.shiftKey ? -1 : 1); }
  if (event.key === "Escape") { query.blur(); listbox.focus({ preventScroll: true }); }
});
document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());

// Keys, clicks, links

const page = () => Math.max(1, Math.floor(scroll.clientHeight / ROW) - 2);
const keys = {
  ArrowDown: () => step(1), ArrowUp: () => step(-1), ArrowLeft: () => stepReplica(-1), ArrowRight: () => stepReplica(1),
  PageDown: () => step(page()), PageUp: () => step(-page()), Home: () => step(-Infinity), End: () => step(Infinity),
  n: () => choosePager(1), p: () => choosePager(-1), j: () => stepArgument(1), k: () => stepArgument(-1), m: follow,
  a: nextMode, t: () => document.getElementById("theme").click(),
  "/": () => query.focus(), "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || help.open || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
  // Beside the diagram, the keys that scroll do so.
  const scrolls = /^(Arrow|Page|Home|End)/.test(event.key);
  if (scrolls && (why.contains(target) || stateBox.contains(target))) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

listbox.addEventListener("click", (event) => {
  const element = event.target.closest(".row[data-line]");
  if (!element) return;
  const x = event.clientX - canvas.getBoundingClientRect().left;
  const lane = Math.round((x - view.left) / view.gap);
  const isOnLane = x < view.width && lane >= 0 && lane < head.replicas.length;
  choose(Number(element.dataset.line), isOnLane ? lane : undefined);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  choose(Number(link.dataset.line), undefined, { toMiddle: true });
  if (window.matchMedia("(max-width: 700px)").matches) document.getElementById("diagram").scrollIntoView();
});
scroll.addEventListener("scroll", () => draw(), { passive: true });
scroll.addEventListener("scroll", () => { lanes.scrollLeft = scroll.scrollLeft; }, { passive: true });
new ResizeObserver(() => { if (scroll.clientWidth !== view.room) { view.room = scroll.clientWidth; layout(); } else draw(); }).observe(scroll);
window.addEventListener("hashchange", () => goToHash(location.hash));
for (const mode of modes) modeButton(mode).addEventListener("click", () => showMode(mode));
document.getElementById("help-open").addEventListener("click", () => help.showModal());
window.addEventListener("beforeprint", () => { view.printing = true; draw(true); });
window.addEventListener("afterprint", () => { view.printing = false; draw(true); });

function goToHash(hash) {
  const line = /^#L(\d+)$/.exec(hash);
  if (line) choose(Number(line[1]), undefined, { toMiddle: true });
}

// Light and dark

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const kept = {
  get() { try { return localStorage.getItem("oracle-view-theme"); } catch { return null; } },
  set(theme) { try { localStorage.setItem("oracle-view-theme", theme); } catch { /* A page from a file may keep nothing. */ } },
};
const showTheme = () => { root.dataset.theme = kept.get() ?? (dark.matches ? "dark" : "light"); };
dark.addEventListener("change", showTheme);
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  kept.set(root.dataset.theme);
});

// The page fills: first the argument, then all events, their lines, and the states

showTheme();
showVerdict();
document.getElementById("key").append(...legend());
document.getElementById("symbols").append(...legend());
view.finding = findings.length ? 0 : -1;
showWhy();
showState();
showWishes();
showMode("argument");
if (findings.length) chooseFinding(0, { silent: true });
root.dataset.filled = "argument";

async function fill() {
  // All are unpacked beside each other, and shown as they come.
  const sections = new Map(["rows", "lines", "knowledge", "states", "findings"].map((id) => [id, unpack(id)]));
  for (const section of sections.values()) section.catch(() => {});
  addRows(await sections.get("rows"));
  draw(true);
  const given = await sections.get("lines");
  given.forEach((text, i) => { texts[i + 2] = text; });
  goToHash(wanted);
  draw(true);
  addKnowledge(await sections.get("knowledge"));
  addStates(await sections.get("states"));
  showState();
  draw(true);
  if (head.found > findings.length) {
    findings.push(...(await sections.get("findings")));
    indexFindings();
    showWhy();
    draw(true);
  }
  root.dataset.filled = "all";
  showWhy();
  showModes();
}

document.addEventListener("DOMContentLoaded", () => fill().catch((error) => {
  announce.textContent = "";
  why.prepend(make("p", { class: "wrong" }, "The events cannot be unpacked: this browser has no DecompressionStream, or the page is damaged. ", String(error)));
  root.dataset.filled = "failed";
}));
