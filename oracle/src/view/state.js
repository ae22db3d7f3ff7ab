// The panel of the chosen event: what became of it, and what every object amounts to at a replica after it.

const stateBox = document.getElementById("state");

/** The chosen event: its line, what became of it, and the state of the chosen replica after it. */
function showState() {
  const line = view.line;
  if (!line) {
    stateBox.replaceChildren(make("h2", null, "States"), make("p", { class: "note" }, "Choose an event to see what every object amounts to at its replica after it."));
    return;
  }
  const parts = [make("h2", null, `Line ${line}`), make("p", { class: "said" }, describe(line)), fate(line), ...exchangesOf(line, 12)];
  for (const warning of warningsAt.get(line) ?? []) parts.push(make("p", { class: "warn" }, pieces(warning.message)));
  if (texts[line] !== undefined) {
    const MOST = 20000;
    parts.push(make("details", null, make("summary", null, "As it is written"), make("code", { class: "event-line" }, clipped(texts[line], MOST))));
  }
  parts.push(togetherPart(line));
  const select = make("select", { "aria-label": "Replica" }, head.replicas.map((name, replica) =>
    make("option", { value: replica, selected: replica === view.replica }, name)));
  select.addEventListener("change", () => choose(view.line, Number(select.value)));
  parts.push(make("div", { class: "at" }, "State of ", select, ` after line ${line}`));
  parts.push(...stateParts(view.replica, line));
  stateBox.replaceChildren(...parts.filter(Boolean));
}

/** What became of a message, or what a line brought. */
function fate(line) {
  const list = make("ul", { class: "plain note" });
  const say = (...parts) => list.append(make("li", null, ...parts));
  const kind = rows.kind[line], flags = rows.flags[line];
  const links = (lines) => lines.slice(0, 12).map((other, i) => [i ? ", " : "", linkTo(other)]);
  const applied = arrivals.get(line) ?? [];
  const lines = (lines) => [lines.length === 1 ? "line " : "lines ", links(lines), lines.length > 12 ? ` and ${lines.length - 12} more` : ""];
  if (kind === "s") {
    if (flags & LOST) say(passedOn.has(line) ? "No replica applied it by itself." : "No replica applied it: it is lost.");
    else if (applied.length) say("Applied on ", lines(applied), ".");
    if (heldBack.has(line)) say("The sender has not applied what it passes on, sent on ", lines(heldBack.get(line)), ".");
    if (passedOn.has(line)) say("Passed on by who held it back, on ", lines(passedOn.get(line)), ".");
  }
  if (kind === "v" && applied.length) say("Restored on ", lines(applied), ".");
  if (kind === "t") say("The backup is of line ", linkTo(rows.from[line]), ". Whatever came to it since is forgotten.");
  if (kind === "r") {
    say("Sent on line ", linkTo(rows.from[line]), " by ", make("b", null, replicaName(rows.replica[rows.from[line]])), ".");
    if (flags & REPEATED) say("It had been applied here before.");
    if (flags & REORDERED) say("A later message of the same sender was applied here before it.");
  }
  for (const [replica, object, changes] of (broughtAt.get(line) ?? []).slice(0, 20)) {
    say(make("b", null, replicaName(replica)), ": ", count(changes, "answer"), ` of `, code(objectName(object)), " changed.");
  }
  const conflict = conflictsAt.get(line);
  if (conflict?.opened) say(`${count(conflict.opened, "conflict")} begin${conflict.opened === 1 ? "s" : ""} here.`);
  if (conflict?.closed) say(`${count(conflict.closed, "conflict")} end${conflict.closed === 1 ? "s" : ""} here.`);
  return list.children.length ? list : null;
}

/** Of replicas that are claimed to be equal: in what they are not. */
function togetherPart(line) {
  if (!states || rows.kind[line] !== "c" || rows.replica[line] >= 0) return null;
  if (head.answered_to !== null && line > head.answered_to) return null;
  const MOST = 6;
  const replicas = replicasOf(line).filter((replica) => replica >= 0);
  const all = replicas.slice(0, MOST).map((replica) => stateAt(replica, line));
  const makers = [];
  head.objects.forEach(([object, kind], number) => {
    const held = all.map((objects) => new Map(objects[number].map((key) => [key.name, key.text])));
    const names = [...new Set(held.flatMap((of) => [...of.keys()]))].sort();
    for (const name of names) {
      const values = held.map((of) => of.get(name) ?? null);
      if (new Set(values).size < 2) continue;
      const what = name === null ? object : kind === "log" ? [object, ", line ", linkTo(Number(name))] : `${object}: ${clipped(name, 80)}`;
      makers.push(() => make("tr", { class: "fresh" }, make("th", { scope: "row" }, what), values.map((text) => make("td", null, heldPart(kind, name, text)))));
    }
  });
  const body = make("tbody", null);
  const names = ["", ...replicas.slice(0, MOST).map(replicaName)];
  const part = make("div", { class: "together" }, make("h3", null, "Claimed to be equal"),
    makers.length ? make("table", { class: "facts" }, make("thead", null, make("tr", null, names.map((name) => make("th", { scope: "col" }, clipped(name, 24))))), body)
      : make("p", { class: "note" }, "By what they had seen, they hold the same."),
    replicas.length > MOST ? make("p", { class: "note" }, `and ${count(replicas.length - MOST, "more replica")}`) : null);
  showInParts(part, body, makers, FIRST_ROWS, NEXT_ROWS);
  return part;
}

/** What a replica holds of a key, an element or an entry. */
function heldPart(kind, name, text) {
  if (text === null) return name === null && NOTHING[kind] ? code(NOTHING[kind]) : make("span", { class: "none" }, "absent");
  return text === "true" && name !== null && !kind.endsWith("map") ? "present" : code(text, 120);
}

const NOTHING = { "g-counter": "0", "pn-counter": "0", "lww-register": "null", "max-register": "null", "min-register": "null", "mv-register": "[]", "ew-flag": "false", "dw-flag": "false" };

function stateParts(replica, line) {
  if (head.answered_to !== null && line > head.answered_to) {
    return [make("p", { class: "warn" }, `This page holds states up to line ${head.answered_to.toLocaleString("en")}: more would be too much for it.`)];
  }
  if (!states) return [make("p", { class: "note" }, "The states are being unpacked …")];
  if (replica < 0) return [make("p", { class: "note" }, "Choose a replica.")];
  const all = stateAt(replica, line);
  const known = knownTo(replica, line);
  const about = rows.object[line];
  // The object that the line is about comes first, then the one that the reader asks for.
  const isFirst = (object) => (object === about ? 2 : object === wish.object ? 1 : 0);
  const order = all.map((_, object) => object).sort((a, b) => isFirst(b) - isFirst(a) || a - b);
  return order.slice(0, 200).map((object) => objectPart(object, all[object], replica, line, known)).concat(
    order.length > 200 ? [make("p", { class: "note" }, `and ${order.length - 200} more objects`)] : []);
}

/** An object: what was claimed of it, what it amounts to, and on what that rests. */
function objectPart(object, keys, replica, line, known) {
  const [name, kind] = head.objects[object];
  const present = keys.filter((key) => key.text !== null || key.conflict);
  const size = present.length > 1 || present.some((key) => key.name !== null) ? ` · ${present.length.toLocaleString("en")}` : "";
  return make("div", { class: "object", "data-object": name }, make("div", { class: "name" }, name, make("span", null, kind, size)),
    claimPart(object, replica, line), valuePart(kind, keys, present),
    kind === "log" ? unknownEntries(object, line, known) : null, groundsPart(object, keys, line, known));
}

/** What an object amounts to. */
function valuePart(kind, keys, present) {
  const part = make("div", { class: "value" });
  const isOwn = head.stamps === "own" && ["lww-register", "lww-map", "log"].includes(kind);
  const marks = (key) => (key.changed ? "changed" : null);
  const value = (key) => [isOwn && key.conflict ? "one of " : "", make("code", { class: marks(key) }, clipped(key.text ?? "null", 2000))];
  if (kind === "opaque") {
    part.append(make("p", { class: "empty" }, present.length ? `${present[0].text} of its operations seen; what they amount to is the implementation’s to say` : "no operation seen"));
    return part;
  }
  if (!present.length) {
    part.append(NOTHING[kind] ? make("code", { class: "whole" + (keys.some((key) => key.changed) ? " changed" : "") }, NOTHING[kind]) : make("p", { class: "empty" }, "empty"));
    return part;
  }
  const only = present.length === 1 && present[0].name === null ? present[0] : null;
  if (only) {
    part.append(isOwn && only.conflict ? "one of " : "", make("code", { class: "whole" + (only.changed ? " changed" : "") }, clipped(only.text ?? "null", 4000)));
    if (only.conflict) part.append(conflictPart(only.conflict, kind));
    return part;
  }
  const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const sorted = present.sort(kind === "log" ? (a, b) => a.rank - b.rank : byName);
  const changes = sorted.filter((key) => key.changed || key.conflict);
  const grow = (from, most) => {
    const shown = sorted.slice(from, from + most);
    part.append(...entries(kind, shown, from, marks, value));
    const rest = sorted.length - from - shown.length;
    if (rest > 0) {
      const button = make("button", { type: "button", class: "more", onclick: () => { button.remove(); grow(from + most, 500); } }, `${rest.toLocaleString("en")} more`);
      part.append(button);
    }
  };
  const FEW = 60;
  if (sorted.length > FEW && changes.length && changes.length <= FEW) {
    part.append(...entries(kind, changes, 0, marks, value, true));
    const button = make("button", { type: "button", class: "more", onclick: () => { part.replaceChildren(); grow(0, 500); } }, `all ${sorted.length.toLocaleString("en")}`);
    part.append(button);
  } else {
    grow(0, FEW);
  }
  if (kind === "log" && isOwn || kind === "list") part.append(make("p", { class: "note" }, "In which order is the implementation’s to say."));
  return part;
}

/** Keys of an object: elements, members or entries. */
function entries(kind, keys, from, marks, value, isPart) {
  if (kind === "log") {
    const item = (key) => make("li", { class: marks(key) }, code(key.text, 400), writer(Number(key.name)));
    return [make(isPart ? "ul" : "ol", { class: "entries", start: from + 1 }, keys.map(item))];
  }
  if (keys.every((key) => key.text === "true" || key.text === null) && !kind.endsWith("map")) {
    const chips = make("div", { class: "chips" }, keys.filter((key) => key.text !== null).map((key) => make("code", { class: marks(key) }, clipped(key.name, 200))));
    const conflicts = keys.filter((key) => key.conflict).map((key) => conflictPart(key.conflict, kind, key.name, key.text === null));
    const FEW = 3;
    return conflicts.length > FEW ? [chips, make("details", null, make("summary", null, count(conflicts.length, "conflict")), conflicts)] : [chips, ...conflicts];
  }
  return [make("table", null, make("tbody", null, keys.map((key) => make("tr", { class: marks(key) },
    make("th", { scope: "row" }, clipped(key.name, 200)),
    make("td", null, value(key), key.conflict ? conflictPart(key.conflict, kind) : null)))))];
}

/** Who appended an entry, on which line and when. */
function writer(line) {
  const of = members(texts[line] ?? "{}");
  return [" ", make("span", { class: "writer" }, of.has("user") ? [parsed(of.get("user")), " at "] : "by ", make("b", null, replicaName(rows.replica[line])), ", ", linkTo(line, "line " + line),
    of.has("timestamp") ? [" at ", code(of.get("timestamp"), 60)] : null)];
}

/** The entries of a log that the replica does not know. */
function unknownEntries(object, line, known) {
  const unknown = operationsOn(object, line).filter((number) => !known[number]);
  if (!unknown.length) return null;
  const body = make("ul", { class: "entries unknown" });
  const part = make("details", { class: "grounds", open: unknown.length <= 12 }, make("summary", null, make("b", { class: "unknown" }, `${count(unknown.length, "entry")} not known here`.replace("entrys", "entries"))), body);
  showInParts(part, body, unknown.map((number) => () => make("li", null, code(saidBy(number).get("entry"), 400), writer(operations.lines[number]))), FIRST_ROWS, NEXT_ROWS);
  return part;
}

/** The decisions of a conflict, with their lines. */
function conflictPart([kept, superseded], kind, name, isAbsent) {
  const lines = (list) => [list.length === 1 ? "line " : "lines ", list.slice(0, 12).map((line, i) => [i ? ", " : "", linkTo(line)])];
  const of = name === undefined ? "conflict: " : ["conflict on ", make("b", null, name), isAbsent ? " (absent): " : ": "];
  if (kind.startsWith("mv-") || !kept.length && head.stamps === "own") return make("div", { class: "conflict" }, of, "concurrent, of ", lines(kept.length ? kept : superseded));
  return make("div", { class: "conflict" }, of, kept.length ? ["kept ", lines(kept)] : "none is kept, since an older write has a greater timestamp",
    superseded.length ? [", overruled ", lines(superseded)] : "");
}
