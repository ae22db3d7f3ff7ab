// The panels at the sides of the diagram: the verdict with its findings, and the chosen event with the states after it.

const why = document.getElementById("why");
const stateBox = document.getElementById("state");

/** The verdict in one line, at the top of the page. */
function showVerdict() {
  document.getElementById("file").textContent = plain(head.file);
  const colour = { conforms: "--good", discrepancy: "--bad", malformed: "--bad", "ill-formed": "--bad" }[head.verdict] ?? "--warn";
  const verdict = make("b", { style: `color:var(${colour})` }, head.verdict);
  const claims = head.found ? `${head.found.toLocaleString("en")} of ${count(head.claims, "claim")} false` : count(head.claims, "claim");
  document.getElementById("verdict").replaceChildren(verdict, ` · ${count(head.events, "event")} · ${claims} · ${count(head.replicas.length, "replica")}`);
}

/** The chosen finding, or what the trace exercised. */
function showWhy() {
  const parts = [];
  const finding = findings[view.finding];
  if (head.error) {
    const { line, column, message } = head.error;
    parts.push(make("p", { class: "rule" }, head.verdict), make("h2", null, `The trace ends at line ${line}`),
      make("p", { class: "wrong" }, sentence(message), column ? ` (column ${column})` : ""));
    if (head.claims) parts.push(make("p", { class: "note" }, `Before this line, ${count(head.claims, "claim")} could be judged.`));
  }
  if (finding) parts.push(...findingParts(finding));
  else if (!head.error) parts.push(...noFinding());
  for (const limit of head.limits) parts.push(make("p", { class: "warn" }, "Limit: ", limit));
  if (head.left_out) {
    parts.push(make("p", { class: "warn" }, `This page shows lines 2 to ${lastLine.toLocaleString("en")}; ${count(head.left_out, "later line")} would be too much for it.`));
  }
  parts.push(...patternParts());
  parts.push(claimsPart());
  parts.push(make("h3", null, "What the trace exercises"), figures(), ...warningParts());
  why.replaceChildren(...parts.filter(Boolean));
}

function findingParts(finding) {
  const step = (by) => () => choosePager(by);
  const found = findings.length;
  const parts = [make("div", { class: "pager" },
    make("span", null, `Finding ${view.finding + 1} of ${head.found.toLocaleString("en")}`),
    make("span", null,
      make("button", { type: "button", onclick: step(-1), disabled: view.finding === 0, title: "The finding before (p)", "aria-label": "The finding before" }, "‹"), " ",
      make("button", { type: "button", onclick: step(1), disabled: view.finding + 1 >= found, title: "The next finding (n)", "aria-label": "The next finding" }, "›")))];
  parts.push(make("p", { class: "rule" }, finding.rule), make("h2", null, sentence(finding.title)),
    make("p", { class: "note" }, "Claimed on line ", linkTo(finding.line), "."));
  const answers = [["right", "expected", finding.expected], ["claimed", "claimed", finding.actual]].filter(([, , text]) => text !== null);
  const listed = make("dl", { class: "answers" }, answers.map(([name, kind, text]) =>
    [make("dt", null, name), make("dd", null, make("code", { class: kind }, text))]));
  const differences = difference(finding);
  const isLong = answers.some(([, , text]) => text.length > 120);
  if (isLong && differences.length) {
    parts.push(make("dl", { class: "answers" }, differences.map(([name, kind, items]) =>
      [make("dt", null, name), make("dd", null, items.slice(0, 12).map((item) => [make("code", { class: kind }, clipped(item, 200)), " "]),
        items.length > 12 ? `and ${items.length - 12} more` : "")])));
  }
  if (isLong && differences.length) parts.push(make("details", null, make("summary", null, "Both answers in full"), listed));
  else if (answers.length) parts.push(listed);
  if (finding.because.length) {
    parts.push(make("h3", null, "Because"), make("ol", { class: "because" }, finding.because.map((step) =>
      make("li", { class: step.includes(view.line) ? "here" : null }, pieces(step)))));
  } else {
    parts.push(make("p", { class: "note" }, "The judge gives the arguments for the first thousand findings of a trace."));
  }
  if (!finding.told) {
    const [opening, ...happened] = finding.window;
    if (opening) {
      parts.push(make("h3", null, "Since when"), make("p", { class: "opening" }, pieces(opening)),
        happened.length ? make("ul", { class: "window" }, happened.map((step) => make("li", { class: step.includes(view.line) ? "here" : null }, pieces(step)))) : null);
    }
    if (finding.merges.length) {
      parts.push(make("h3", null, "What senders had seen of it"), make("ul", { class: "window" }, finding.merges.map((row) => make("li", { class: row.includes(view.line) ? "here" : null }, pieces(row)))));
    }
    if (finding.differs.length) {
      parts.push(make("h3", null, "In what it differs"), make("ul", { class: "window" }, finding.differs.map((of) => make("li", null, pieces(of)))),
        finding.more ? make("p", { class: "note" }, `and ${finding.more.toLocaleString("en")} more`) : null);
    }
  }
  if (finding.theorem) parts.push(make("p", { class: "note" }, "Proved: ", make("code", null, finding.theorem)));
  return parts;
}

/** What the false claims on one object have in common. */
function patternParts() {
  return head.patterns.filter((pattern) => pattern.findings > 1).map((pattern) => {
    const items = (list) => make("ul", { class: "window" }, list.map((item) => make("li", null, pieces(item))));
    const what = pattern.object === null ? ["all objects together"] : [make("code", null, pattern.object)];
    return make("details", { open: true, class: "pattern" },
      make("summary", null, what, ` went wrong ${count(pattern.windows, "time")}, with ${count(pattern.findings, "false claim")}`),
      pattern.facts.length ? [make("h3", null, "In common"), items(pattern.facts)] : null,
      make("h3", null, "Where"), items(pattern.entries),
      pattern.entries.length < pattern.windows ? make("p", { class: "note" }, `and ${pattern.windows - pattern.entries.length} more times`) : null);
  });
}

/** Where two answers differ: what the claim lacks, has too much, or has otherwise. Empty where that is not plain to see. */
function difference({ expected, actual }) {
  let right, claimed;
  try {
    [right, claimed] = [JSON.parse(expected), JSON.parse(actual)];
  } catch {
    return [];
  }
  const without = (some, others) => some.filter((item) => !others.includes(item));
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  let lacking = [], beyond = [], other = [];
  if (Array.isArray(right) && Array.isArray(claimed) && [...right, ...claimed].every((item) => typeof item === "string")) {
    [lacking, beyond] = [without(right, claimed), without(claimed, right)].map((items) => items.map((item) => JSON.stringify(item)));
  } else if (isObject(right) && isObject(claimed)) {
    const texts = [members(expected), members(actual)];
    const member = (of) => (key) => `${JSON.stringify(key)}: ${of.get(key)}`;
    lacking = without(Object.keys(right), Object.keys(claimed)).map(member(texts[0]));
    beyond = without(Object.keys(claimed), Object.keys(right)).map(member(texts[1]));
    const differs = (key) => key in claimed && JSON.stringify(right[key]) !== JSON.stringify(claimed[key]);
    other = Object.keys(right).filter(differs).map((key) => `${member(texts[1])(key)}, not ${texts[0].get(key)}`);
  }
  return [["lacks", "expected", lacking], ["has too much", "claimed", beyond], ["has wrongly", "claimed", other]].filter(([, , items]) => items.length);
}

function noFinding() {
  if (head.verdict === "conforms") {
    return [make("h2", null, head.claims === 1 ? "The claim holds" : `All ${count(head.claims, "claim")} hold`),
      make("p", { class: "note" }, "Every answer in this trace follows from what its replica had seen.")];
  }
  return [make("h2", null, head.claims ? "Not all could be judged" : "The trace claims nothing to judge"),
    make("p", { class: "note" }, head.claims ? "No claim was found false." : "It says what replicas did, but not what they answered.")];
}

function warningParts() {
  if (!head.warnings.length) return [];
  const FEW = 4, MOST = 100;
  const item = (warning) => make("li", null, linkTo(warning.line, "line " + warning.line), ": ", pieces(warning.message));
  const shown = (from, to) => make("ul", { class: "plain" }, head.warnings.slice(from, to).map(item));
  const rest = head.warned - FEW;
  const unlisted = head.warned - MOST;
  return [make("h3", null, count(head.warned, "warning")), shown(0, FEW), rest > 0 && make("details", null,
    make("summary", null, `${rest.toLocaleString("en")} more`), shown(FEW, MOST),
    unlisted > 0 && make("p", { class: "note" }, `and ${unlisted.toLocaleString("en")} more; each is marked at its event`))].filter(Boolean);
}

function figures() {
  const words = { messages: "message sent", lost: "message lost", repeated: "message applied again", reordered: "message overtaken", operations: "operation", restores: "backup restored" };
  const list = make("dl", { class: "figures" });
  for (const [name, number] of head.coverage) {
    if (!number) continue;
    const thing = words[name].split(" ");
    if (number !== 1) thing[0] += "s";
    list.append(make("dt", null, number.toLocaleString("en")), make("dd", null, thing.join(" ")));
  }
  return list;
}

/** The chosen event: its line, what became of it, and the state of the chosen replica after it. */
function showState() {
  const line = view.line;
  if (!line) {
    stateBox.replaceChildren(make("h2", null, "States"), make("p", { class: "note" }, "Choose an event to see what every object amounts to at its replica after it."));
    return;
  }
  const parts = [make("h2", null, `Line ${line}`), make("p", { class: "said" }, describe(line)), fate(line)];
  for (const warning of warningsAt.get(line) ?? []) parts.push(make("p", { class: "warn" }, pieces(warning.message)));
  if (texts[line] !== undefined) {
    const MOST = 20000;
    parts.push(make("details", null, make("summary", null, "As it is written"), make("code", { class: "event-line" }, clipped(texts[line], MOST))));
  }
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
  if (kind === "r" || kind === "m" || kind === "y") {
    const back = rows.returned.get(line) ?? 0;
    const brings = (who, number) => say(make("b", null, who), number ? ` has newly seen ${count(number, "operation")}.` : " has seen no operation that is new to it.");
    brings(replicaName(rows.replica[line]), rows.brought[line]);
    if (kind === "y") brings(replicaName(rows.other[line]), back);
  }
  for (const [replica, object, changes] of (broughtAt.get(line) ?? []).slice(0, 20)) {
    say(make("b", null, replicaName(replica)), ": ", count(changes, "answer"), ` of `, code(objectName(object)), " changed.");
  }
  const conflict = conflictsAt.get(line);
  if (conflict?.opened) say(`${count(conflict.opened, "conflict")} begin${conflict.opened === 1 ? "s" : ""} here.`);
  if (conflict?.closed) say(`${count(conflict.closed, "conflict")} end${conflict.closed === 1 ? "s" : ""} here.`);
  return list.children.length ? list : null;
}

const NOTHING = { "g-counter": "0", "pn-counter": "0", "lww-register": "null", "max-register": "null", "min-register": "null", "mv-register": "[]", "ew-flag": "false", "dw-flag": "false" };

function stateParts(replica, line) {
  if (head.answered_to !== null && line > head.answered_to) {
    return [make("p", { class: "warn" }, `This page holds states up to line ${head.answered_to.toLocaleString("en")}: more would be too much for it.`)];
  }
  if (!states) return [make("p", { class: "note" }, "The states are being unpacked …")];
  if (replica < 0) return [make("p", { class: "note" }, "Choose a replica.")];
  const all = stateAt(replica, line);
  const about = rows.object[line];
  // The object that the line is about comes first.
  const order = all.map((_, object) => object).sort((a, b) => (b === about) - (a === about) || a - b);
  return order.slice(0, 200).map((object) => objectPart(object, all[object])).concat(
    order.length > 200 ? [make("p", { class: "note" }, `and ${order.length - 200} more objects`)] : []);
}

function objectPart(object, keys) {
  const [name, kind] = head.objects[object];
  const present = keys.filter((key) => key.text !== null || key.conflict);
  const title = make("div", { class: "name" }, name, make("span", null, kind));
  const part = make("div", { class: "object" }, title);
  const isOwn = head.stamps === "own" && ["lww-register", "lww-map", "log"].includes(kind);
  const marks = (key) => (key.changed ? "changed" : null);
  const value = (key) => [isOwn && key.conflict ? "one of " : "", make("code", { class: marks(key) }, clipped(key.text ?? "null", 2000))];
  if (kind === "opaque") {
    part.append(make("p", { class: "empty" }, present.length ? `${present[0].text} of its operations seen; what they amount to is the implementation’s to say` : "no operation seen"));
    return part;
  }
  if (!present.length) {
    part.append(NOTHING[kind] ? make("code", { class: "whole" + (keys.length ? " changed" : "") }, NOTHING[kind]) : make("p", { class: "empty" }, "empty"));
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
  title.querySelector("span").append(` · ${sorted.length.toLocaleString("en")}`);
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
    const button = make("button", { type: "button", class: "more", onclick: () => { part.replaceChildren(title); grow(0, 500); } }, `all ${sorted.length.toLocaleString("en")}`);
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
    const at = (key) => (texts[key.name] === undefined ? undefined : members(texts[key.name]).get("timestamp"));
    const item = (key) => make("li", { class: marks(key) }, code(key.text, 400), linkTo(Number(key.name), "line " + key.name),
      at(key) === undefined ? null : [" at ", code(at(key), 60)]);
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

/** The decisions of a conflict, with their lines. */
function conflictPart([kept, superseded], kind, name, isAbsent) {
  const lines = (list) => [list.length === 1 ? "line " : "lines ", list.slice(0, 12).map((line, i) => [i ? ", " : "", linkTo(line)])];
  const of = name === undefined ? "conflict: " : ["conflict on ", make("b", null, name), isAbsent ? " (absent): " : ": "];
  if (kind.startsWith("mv-") || !kept.length && head.stamps === "own") return make("div", { class: "conflict" }, of, "concurrent, of ", lines(kept.length ? kept : superseded));
  return make("div", { class: "conflict" }, of, kept.length ? ["kept ", lines(kept)] : "none is kept, since an older write has a greater timestamp",
    superseded.length ? [", overruled ", lines(superseded)] : "");
}
