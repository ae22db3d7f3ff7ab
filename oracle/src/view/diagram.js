// The space–time diagram: only the rows in sight are in the page.

const ROW = 28;
/** Arrows over more rows than this are drawn at their ends only, unless they are chosen. */
const LONG = 60;
/** Rows that are drawn above and below those in sight. */
const SPARE = 25;

const scroll = document.getElementById("scroll");
const canvas = document.getElementById("canvas");
const graph = document.getElementById("graph");
const listbox = document.getElementById("rows-list");
const lanes = document.getElementById("lanes");

const view = {
  /** Which events are shown: of the argument, of the past of `focus`, or all. */
  mode: "all",
  /** Whether the others are folded. */
  folds: false,
  focus: 0,
  /** In that case the items: a line, or the first and last line that a fold hides. */
  items: [],
  finding: -1,
  line: 0,
  replica: -1,
  hits: [],
  drawn: [0, -1],
  width: 0,
  left: 26,
  gap: 0,
  printing: false,
};

const itemCount = () => (view.folds ? view.items.length : Math.max(0, lastLine - 1));
const itemAt = (index) => (view.folds ? view.items[index] : index + 2);

/** The place of a line among the items; that of its fold where it is hidden. */
function indexOf(line) {
  if (!view.folds) return line - 2;
  let low = 0, high = view.items.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const item = view.items[middle];
    if ((typeof item === "number" ? item : item[0]) <= line) low = middle; else high = middle - 1;
  }
  return low;
}

function isHidden(line) {
  return view.folds && typeof view.items[indexOf(line)] !== "number";
}

/** Shows these lines, and folds the others. */
function foldAround(lines) {
  const shown = [...lines].filter((line) => line >= 2 && line <= lastLine).sort((a, b) => a - b);
  view.items = [];
  let next = 2;
  for (const line of shown) {
    if (line < next) continue;
    // A fold of one line takes as much room as the line; in a past it would seem to belong there.
    if (line - next === 1 && view.mode === "argument") view.items.push(next);
    else if (line > next) view.items.push([next, line - 1]);
    view.items.push(line);
    next = line + 1;
  }
  if (next === lastLine && view.mode === "argument") view.items.push(next);
  else if (next <= lastLine) view.items.push([next, lastLine]);
}

/** Opens a fold: all of a short one, a part of a long one around a line. */
function unfold(index, around) {
  const [first, last] = view.items[index];
  const FEW = 40;
  let from = first, to = last;
  if (last - first >= FEW) {
    const middle = around ?? first;
    from = Math.max(first, middle - (around ? 3 : 0));
    to = Math.min(last, middle + (around ? 3 : FEW - 1));
  }
  const items = [];
  if (from - first === 1) from = first;
  if (last - to === 1) to = last;
  if (from > first) items.push([first, from - 1]);
  for (let line = from; line <= to; line++) items.push(line);
  if (to < last) items.push([to + 1, last]);
  view.items.splice(index, 1, ...items);
  layout();
}

/** The lines that the argument of the chosen finding shows. */
function argumentLines() {
  const finding = findings[view.finding];
  if (!finding) return new Set();
  const lines = new Set(finding.named);
  for (const line of finding.named) if (rows.from[line]) lines.add(rows.from[line]);
  return lines;
}

/** The past of the line in focus; of a finding, with that of the claims that its argument rests on. */
function pastLines() {
  const finding = findings[findingAt.get(view.focus)];
  const claims = [...(finding?.named ?? [])].filter((line) => rows.kind[line] === "c" && line < view.focus);
  return causalPast(new Set([view.focus, ...claims]));
}

const isNamed = (line) => findings[view.finding]?.named.has(line) ?? false;
const laneX = (replica) => view.left + view.gap * replica;

/** Takes the measure of the lanes, and puts their names above them. */
function layout() {
  const room = scroll.clientWidth || 800;
  const count = head.replicas.length;
  const most = Math.min(110, Math.max(12, (room * (room < 600 ? 0.32 : 0.4) - 40) / Math.max(1, count)));
  view.gap = Math.max(12, Math.floor(most));
  // Names stand upright where they are too long for the room between lanes.
  const longest = Math.max(0, ...head.replicas.slice(0, 2000).map((name) => name.length));
  const tall = longest * 8 + 8 > view.gap && view.gap < 90;
  view.left = tall ? 26 : Math.min(62, Math.max(26, longest * 4 + 10));
  view.width = view.left + view.gap * Math.max(0, count - 1) + 26;
  canvas.style.height = itemCount() * ROW + 12 + "px";
  scroll.style.setProperty("--content", itemCount() * ROW + 12 + "px");
  canvas.style.minWidth = view.width + Math.min(420, room * 0.5) + "px";
  lanes.classList.toggle("tall", tall);
  lanes.replaceChildren(...head.replicas.slice(0, 2000).map((name, replica) => {
    const label = make("span", { title: plain(name), class: replica === view.replica ? "chosen" : null }, name);
    label.style.left = laneX(replica) + "px";
    if (!tall) label.style.maxWidth = view.gap - 8 + "px";
    return label;
  }));
  view.drawn = [0, -1];
  draw();
}

/** Draws what is in sight, where that is not drawn already. */
function draw(anew) {
  const count = itemCount();
  let first = Math.floor(scroll.scrollTop / ROW), last = Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW);
  if (view.printing) { first = 0; last = Math.min(count, 600); }
  const [from, to] = view.drawn;
  if (!anew && first >= from && Math.min(last, count - 1) <= to) return;
  const start = Math.max(0, first - SPARE), end = Math.min(count - 1, last + SPARE);
  view.drawn = [start, end];
  const shown = [];
  for (let index = start; index <= end; index++) shown.push(row(index));
  listbox.replaceChildren(...shown);
  listbox.setAttribute("aria-activedescendant", view.line ? "L" + view.line : "");
  picture(start, end);
}

function row(index) {
  const item = itemAt(index);
  const top = `top:${index * ROW}px;height:${ROW}px;padding-left:${view.width}px`;
  if (typeof item !== "number") {
    const [first, last] = item;
    const why = { past: "on which it does not depend", argument: "not in the argument", all: "on others" }[view.mode];
    const text = `${count(last - first + 1, "event")} ${why}`;
    const element = make("div", { class: "row fold", role: "presentation" },
      make("button", { type: "button", tabindex: "-1", onclick: () => unfold(index) }, text));
    element.style.cssText = top;
    return element;
  }
  const classes = ["row"];
  if (isNamed(item)) classes.push("named");
  if (findingAt.has(item) || head.error?.line === item) classes.push("false");
  if ("cn".includes(rows.kind[item] ?? "") && !findingAt.has(item)) classes.push("quiet");
  if (isBeside(item, wish.object)) classes.push("beside");
  if (item === view.line) classes.push("chosen");
  const element = make("div", {
    class: classes.join(" "), role: "option", id: "L" + item, "data-line": item,
    "aria-selected": item === view.line ? "true" : "false", "aria-setsize": itemCount(), "aria-posinset": index + 1,
  }, make("span", { class: "nr" }, String(item)), make("span", { class: "what" }, describe(item)),
  tags(item).map(([kind, text, why]) => make("span", { class: "tag " + kind, title: why }, text)));
  element.style.cssText = top;
  return element;
}

// The picture beside the rows

function picture(start, end) {
  const marks = [];
  const y = (index) => index * ROW + ROW / 2;
  const yOf = (line) => y(indexOf(line));
  const top = Math.max(0, start * ROW), bottom = (end + 1) * ROW;
  for (let replica = 0; replica < head.replicas.length && replica < 2000; replica++) {
    const x = laneX(replica);
    marks.push(`<line class="lane${replica === view.replica ? " chosen" : ""}" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`);
  }
  const over = [];
  const seen = new Set();
  const edges = (line) => {
    // Both ends of what comes here and what goes from here.
    if (rows.from[line]) edge(line, rows.from[line]);
    for (const arrival of (arrivals.get(line) ?? []).slice(0, 50)) edge(arrival, line);
    for (const send of heldBack.get(line) ?? []) edge(line, send, true);
    for (const relay of (passedOn.get(line) ?? []).slice(0, 50)) edge(relay, line, true);
  };
  const edge = (to, from, isHeld) => {
    const key = to + " " + from;
    if (seen.has(key)) return;
    seen.add(key);
    const a = rows.replica[from], b = rows.replica[to];
    if (a === undefined || a < 0 || b === undefined || b < 0) return;
    const chosen = view.line === to || view.line === from;
    const named = isNamed(to) && (isNamed(from) || rows.kind[to] === "r");
    const odd = rows.flags[to] & (REORDERED | REPEATED);
    const state = chosen ? "chosen" : named ? "named" : odd || isHeld ? "odd" : "";
    const kind = [state, isIdle(to) || isBeside(to, wish.object) ? "idle" : "", isHeld ? "held" : "", rows.flags[to] & REPEATED ? "again" : "",
      rows.kind[to] === "t" ? "back" : ""].join(" ");
    const [x1, y1, x2, y2] = [laneX(a), yOf(from), laneX(b), yOf(to)];
    if (Math.abs(y2 - y1) > LONG * ROW && !chosen && !named) {
      // Only its ends: through many rows, a line would say nothing.
      const side = x2 === x1 ? 0.5 : Math.sign(x2 - x1) * Math.min(1, Math.abs(x2 - x1) / 40);
      if (y1 >= top && y1 <= bottom) over.push(curve(x1, y1, x1 + 20 * side, y1 + 18, kind, "", true));
      if (y2 >= top && y2 <= bottom) over.push(curve(x2 - 20 * side, y2 - 18, x2, y2, kind, state));
      return;
    }
    over.push(curve(x1, y1, x2, y2, kind, state));
  };
  for (let index = Math.max(0, start - LONG); index <= Math.min(itemCount() - 1, end + LONG); index++) {
    const item = itemAt(index);
    if (typeof item === "number") edges(item);
  }
  if (view.line) edges(view.line);
  const dots = [];
  for (let index = start; index <= end; index++) {
    const item = itemAt(index);
    if (typeof item !== "number") {
      for (let replica = 0; replica < Math.min(2000, head.replicas.length); replica++) {
        const x = laneX(replica);
        dots.push(`<line class="gapline" stroke="var(--page)" stroke-width="3" stroke-dasharray="3 4" x1="${x}" x2="${x}" y1="${index * ROW + 3}" y2="${(index + 1) * ROW - 3}"/>`);
      }
      continue;
    }
    dots.push(symbol(item, y(index)));
  }
  graph.setAttribute("width", view.width);
  graph.setAttribute("height", itemCount() * ROW);
  graph.innerHTML = marks.join("") + over.join("") + dots.join("");
}

/** An arrow; without a head where it only begins here. Within one lane it bends out of it. */
function curve(x1, y1, x2, y2, kind, state, headless) {
  let path, angle;
  if (x1 === x2) {
    const out = x1 - 16;
    path = `M${x1} ${y1}C${out} ${y1 + 6} ${out} ${y2 - 6} ${x2 - 6} ${y2}`;
    angle = 0;
  } else {
    angle = Math.atan2(y2 - y1, x2 - x1);
    const [ex, ey] = [x2 - 7 * Math.cos(angle), y2 - 7 * Math.sin(angle)];
    path = `M${x1} ${y1}L${headless ? x2 : ex} ${headless ? y2 : ey}`;
  }
  const line = `<path class="edge ${kind}" d="${path}"/>`;
  if (headless) return line;
  const degrees = (angle * 180) / Math.PI;
  const at = `translate(${x2 - 5 * Math.cos(angle)} ${y2 - 5 * Math.sin(angle)}) rotate(${degrees})`;
  return `${line}<path class="head ${state}" d="M0 0L-8 -3.6L-8 3.6Z" transform="${at}"/>`;
}

/** What stands on the lane: filled where something is done, hollow where something is asked or exchanged. */
function symbol(line, y) {
  const kind = rows.kind[line];
  const replica = rows.replica[line];
  const state = findingAt.has(line) ? " false" : isNamed(line) ? " named" : "";
  const parts = [];
  if (kind === "c" && replica < 0) {
    // Replicas that are claimed to have converged.
    const of = texts[line] === undefined ? [] : parsed(members(texts[line]).get("replicas"));
    const xs = of.map((name) => laneX(head.replicas.indexOf(name))).sort((a, b) => a - b);
    if (xs.length) parts.push(`<line class="edge again" x1="${xs[0]}" x2="${xs[xs.length - 1]}" y1="${y}" y2="${y}"/>`);
    for (const x of xs) parts.push(diamond(x, y, state));
    return parts.join("");
  }
  if (replica === undefined || replica < 0) return "";
  const x = laneX(replica);
  if (kind === "m" || kind === "y") {
    const other = laneX(rows.other[line]);
    const named = view.line === line ? "chosen" : isNamed(line) ? "named" : "";
    const isApart = isBeside(line, wish.object);
    const arrow = (giver, taker, brought) => {
      const classes = named + (brought && !isApart ? "" : " idle");
      parts.push(curve(giver, y, taker, y, classes, classes));
    };
    arrow(other, x, rows.brought[line]);
    if (kind === "y") arrow(x, other, rows.returned.get(line));
    parts.push(`<circle class="dot hollow${state}" cx="${other}" cy="${y}" r="3.5"/>`);
  }
  if (rows.flags[line] & LOST && !passedOn.has(line)) {
    const to = texts[line] === undefined ? undefined : parsed(members(texts[line]).get("to"));
    const target = head.replicas.indexOf(to);
    const side = target >= 0 && target < replica ? -1 : 1;
    const [ex, ey] = [x + side * Math.min(22, view.gap * 0.6), y + 9];
    parts.push(`<path class="edge odd again" d="M${x} ${y}L${ex} ${ey}"/>`);
    parts.push(`<path class="cross" d="M${ex - 3.5} ${ey - 3.5}l7 7m0 -7l-7 7"/>`);
  }
  if (kind === "c") parts.push(diamond(x, y, state));
  else if (kind === "v" || kind === "t" || kind === "l") parts.push(`<rect class="dot hollow${state}" x="${x - 4}" y="${y - 4}" width="8" height="8" rx="1.5"/>`);
  else parts.push(`<circle class="dot${kind === "o" ? "" : " hollow"}${state}" cx="${x}" cy="${y}" r="${kind === "o" ? 4.5 : 3.5}"/>`);
  if (conflictsAt.get(line)?.opened) parts.push(`<circle class="ring" cx="${x}" cy="${y}" r="8"/>`);
  if (line === view.line) {
    parts.push(`<circle class="ring here" cx="${laneX(view.replica < 0 ? replica : view.replica)}" cy="${y}" r="10"/>`);
  }
  return parts.join("");
}

const diamond = (x, y, state) => `<path class="dot hollow${state}" d="M${x} ${y - 5.5}L${x + 5.5} ${y}L${x} ${y + 5.5}L${x - 5.5} ${y}Z"/>`;

/** What the signs of the picture mean. */
function legend() {
  const sign = (inner, text) => {
    const element = make("span", null);
    element.innerHTML = `<svg width="26" height="16" viewBox="0 0 26 16" aria-hidden="true">${inner}</svg>`;
    element.append(text);
    return element;
  };
  return [
    sign('<circle class="dot" cx="13" cy="8" r="4.5"/>', "operation"),
    sign('<circle class="dot hollow" cx="13" cy="8" r="3.5"/>', "message sent, applied"),
    sign('<path class="dot hollow" d="M13 2.5L18.5 8L13 13.5L7.5 8Z"/>', "claim"),
    sign('<path class="dot hollow false" d="M13 2.5L18.5 8L13 13.5L7.5 8Z"/>', "false claim"),
    sign('<path class="edge odd again" d="M3 5L17 11"/><path class="cross" d="M14 8l6 6m0 -6l-6 6"/>', "lost"),
    sign('<path class="edge odd again" d="M2 3L24 13"/>', "applied again"),
    sign('<path class="edge odd" d="M2 3L24 13"/>', "overtaken"),
    sign('<path class="edge held" d="M2 3L24 13"/>', "held back, passed on"),
    sign('<path class="edge idle" d="M2 3L24 13"/>', "brought nothing new"),
    sign('<circle class="ring" cx="13" cy="8" r="6.5"/><circle class="dot" cx="13" cy="8" r="3.5"/>', "conflict begins"),
  ];
}
