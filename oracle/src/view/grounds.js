// On what an answer rests: the shares of a counter, the dots of elements, the writes of a key; and which operations on
// the object the replica does not know.

/** Objects of which the reader opened or closed this part. */
const opened = new Map();

/** Rows that are shown at first, and those that follow at once. */
const FIRST_ROWS = 24, NEXT_ROWS = 200;

/** Of more operations than this, those that a line is not about are read when they are asked for. */
const MANY = 2000;

const SETS = new Set(["or-set", "rw-set", "g-set", "2p-set", "list"]);
const COUNTERS = new Set(["g-counter", "pn-counter"]);

/** What the operations of an object are called as far as answers rest on them. */
function groundsName(kind) {
  if (COUNTERS.has(kind)) return "Shares";
  if (kind === "or-set" || kind === "ew-flag") return "Dots";
  return kind.endsWith("register") || kind.endsWith("map") ? "Writes" : "Operations";
}

/** The operations on an object, known at the replica and not. */
function groundsPart(object, keys, line, known) {
  const kind = head.objects[object][1];
  const all = kind === "log" ? [] : operationsOn(object, line);
  if (!all.length) return null;
  const unknown = all.filter((number) => !known[number]).length;
  const isOpen = opened.get(object) ?? (object === rows.object[line] || object === wish.object);
  const summary = make("summary", null, `${groundsName(kind)}: ${(all.length - unknown).toLocaleString("en")} known here`,
    unknown ? [", ", make("b", { class: "unknown" }, `${unknown.toLocaleString("en")} not known here`)] : ", none beyond");
  const part = make("details", { class: "grounds", open: isOpen }, summary);
  let isFilled = false;
  const fill = () => {
    if (isFilled || !part.open) return;
    isFilled = true;
    part.append(COUNTERS.has(kind) || kind === "opaque" ? sharesTable(kind, all, known) : decisionsTable(object, kind, all, keys, line, known));
  };
  summary.addEventListener("click", () => opened.set(object, !part.open));
  part.addEventListener("toggle", fill);
  fill();
  return part;
}

/** What each replica contributed: as far as it is known here, and beyond. */
function sharesTable(kind, all, known) {
  const shares = new Map();
  for (const number of all) {
    const origin = originOf(number);
    if (!shares.has(origin)) shares.set(origin, [share(), share()]);
    addTo(shares.get(origin)[known[number] ? 0 : 1], number);
  }
  const text = ({ number, up, down }) => {
    if (!number) return "–";
    const amount = kind === "opaque" ? null : kind === "g-counter" ? String(up) : `+${up} −${down}`;
    return [amount && [make("code", null, amount), " by "], count(number, "operation")];
  };
  const row = ([origin, [here, beyond]]) => make("tr", null, make("th", { scope: "row" }, replicaName(origin)),
    make("td", { class: "known" }, text(here)), make("td", { class: beyond.number ? "unknown" : null }, text(beyond)));
  return groundsTable(["origin", "known here", "not known here"], [...shares].sort(([a], [b]) => a - b).map((of) => () => row(of)));
}

const share = () => ({ number: 0, up: 0n, down: 0n });

/** A whole number as JSON has it: a number, or a string of its digits. */
function wholeNumber(json) {
  const digits = json.replaceAll('"', "");
  return BigInt(/^\d+$/.test(digits) ? digits : Number(digits));
}

function addTo(sum, number) {
  const of = saidBy(number);
  sum.number += 1;
  const amount = wholeNumber(of.get("amount") ?? "1");
  switch (parsed(of.get("op"))) {
    case "increment": sum.up += amount; break;
    case "decrement": sum.down += amount; break;
  }
}

/** The operations on each element or key, with what has become of them here. */
function decisionsTable(object, kind, all, keys, line, known) {
  const grounds = new Map(keys.map((key) => [key.name, key.grounds]));
  const first = new Set([...namedOn(line), ...keys.filter((key) => key.changed).map((key) => key.name)]);
  const hasKeys = all.length > 0 && keyOf(all[0]) !== null;
  const makersOf = (numbers) => {
    const listed = numbers.map((number) => [keyOf(number), number]);
    const lacks = new Set(listed.filter(([, number]) => !known[number]).map(([key]) => key));
    // What the line is about comes first, then what is not known here.
    const rank = (key) => (first.has(key) ? 0 : lacks.has(key) ? 1 : 2);
    const byName = (a, b) => (a === b ? 0 : a < b ? -1 : 1);
    listed.sort(([a, x], [b, y]) => rank(a) - rank(b) || byName(a ?? "", b ?? "") || x - y);
    return listed.map(([key, number], at) => () => {
      const isNew = at === 0 || listed[at - 1][0] !== key;
      const [state, name] = known[number] ? standing(kind, number, grounds.get(key)) : ["unknown", "not known here"];
      return make("tr", { class: state + (isNew && hasKeys && at ? " next" : "") }, hasKeys && make("th", { scope: "row" }, isNew ? clipped(key ?? "", 60) : ""),
        make("td", null, dotOf(number)), make("td", null, deed(number)), make("td", { class: "standing" }, name));
    });
  };
  const header = [hasKeys && (SETS.has(kind) ? "element" : "key"), "by", "does", ""].filter((name) => name !== false);
  // Of many operations only those are read that the line is about, until the others are asked for.
  const asked = all.length > MANY ? all.filter(mentions([...first])) : [];
  return groundsTable(header, makersOf(asked.length ? asked : all), all.length, () => makersOf(all));
}

/** Whether an operation's text has one of some names in it. */
function mentions(names) {
  const quoted = names.filter((name) => name !== null).map((name) => JSON.stringify(name));
  return (number) => quoted.some((name) => (texts[operations.lines[number]] ?? "").includes(name));
}

function groundsTable(header, makers, total, all) {
  const body = make("tbody", null);
  const part = make("div", null, make("table", null, make("thead", null, make("tr", null, header.map((name) => make("th", { scope: "col" }, name)))), body));
  showInParts(part, body, makers, FIRST_ROWS, NEXT_ROWS, total, all);
  return part;
}

/** The elements and keys that a line names, and those in which its answer differs. */
function namedOn(line) {
  const of = members(texts[line] ?? "{}");
  const names = ["element", "key"].filter((field) => of.has(field)).map((field) => parsed(of.get(field)));
  const differences = findings[findingAt.get(line)]?.difference?.rows ?? [];
  const text = (json) => { try { return JSON.parse(json); } catch { return null; } };
  return [...names, ...differences.flatMap(({ path, right, claimed }) => (path ? [path] : [text(right), text(claimed)]))];
}

const keyNames = new Map();

/** The element or key of an operation; null where its object has none. */
function keyOf(number) {
  if (!keyNames.has(number)) {
    const of = saidBy(number);
    keyNames.set(number, parsed(of.get("element") ?? of.get("key")) ?? null);
  }
  return keyNames.get(number);
}

/** An operation by its dot: who performed it, and which of its operations it is. */
function dotOf(number) {
  const line = operations.lines[number];
  const user = saidBy(number).get("user");
  const dot = make("code", { title: "replica : number of its operation" }, `${replicaName(originOf(number))}:${operations.seqs[number]}`);
  return [make("span", { class: "dot-name" }, dot, " ", linkTo(line, `line ${line}`)), user === undefined ? null : [" by ", parsed(user)]];
}

/** What an operation does to its element, key or object, in short. */
function deed(number) {
  const of = saidBy(number);
  const at = of.has("timestamp") ? [" at ", code(of.get("timestamp"), 60)] : [];
  switch (parsed(of.get("op"))) {
    case "write": case "put": return [code(of.get("value"), 200), at];
    case "add": return "adds";
    case "remove": return "removes";
    case "delete": return ["deletes", at];
    case "enable": return "enables";
    case "disable": return "disables";
    case "insert": return ["inserts", of.get("after") && of.get("after") !== "null" ? [" after ", code(parsed(of.get("after")), 60)] : []];
    default: return [parsed(of.get("op")) ?? "", of.has("arguments") ? [" ", code(of.get("arguments"), 120)] : []];
  }
}

/** What has become of an operation that the replica knows: a class, and how to say it. */
function standing(kind, number, grounds) {
  const line = operations.lines[number];
  if (grounds?.current.includes(line)) {
    const isSingle = kind.startsWith("lww-");
    return ["current", isSingle ? "wins" : kind === "or-set" || kind === "ew-flag" ? "live" : "decides"];
  }
  if (grounds?.concurrent.includes(line)) return ["concurrent", head.stamps === "own" ? "may win" : "concurrent"];
  const of = parsed(saidBy(number).get("op"));
  if (kind === "or-set" && of === "add") return ["past", "removed"];
  if (grounds && !/^(remove|disable)$/.test(of)) return ["past", "superseded"];
  return ["past", ""];
}

/** The last claim on an object at a replica up to a line, beside what follows. */
function claimPart(object, replica, line) {
  const claims = claimsOn(object, replica);
  const last = claims.findLast((claim) => claim <= line);
  if (last === undefined) return null;
  const verdict = verdictAt(last);
  const finding = findings[findingAt.get(last)];
  const title = make("p", { class: "claimed-here " + (verdict === "false" ? "bad" : "good") },
    last === line ? "Claimed here: " : ["Last claimed on line ", linkTo(last), ": "], make("b", null, verdict));
  return [title, last === line && finding?.difference ? differenceTable(finding.difference) : null];
}

let claimLines = null;

function claimsOn(object, replica) {
  if (!claimLines) {
    claimLines = new Map();
    rows.kind.forEach((kind, line) => { if (kind === "c") push(claimLines, `${rows.replica[line]} ${rows.object[line]}`, line); });
  }
  return claimLines.get(`${replica} ${object}`) ?? [];
}
