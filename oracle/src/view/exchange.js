// What an exchange came to: what its sender knew, and what was new to its receiver.

/** Whether replicas exchange something on a line. */
const isExchange = (line) => "rmy".includes(rows.kind[line] ?? "-");

/** Who gave to whom on a line, and on which line the giver stood then. */
function directions(line) {
  const [replica, other] = [rows.replica[line], rows.other[line]];
  switch (rows.kind[line]) {
    case "r": return [{ giver: rows.replica[rows.from[line]], taker: replica, sent: rows.from[line] }];
    case "m": return [{ giver: other, taker: replica, sent: line - 1 }];
    case "y": return [{ giver: other, taker: replica, sent: line - 1 }, { giver: replica, taker: other, sent: line - 1 }];
    default: return [];
  }
}

/** Whether an exchange brought no operation, or none on an object, to either side. */
function isIdle(line, object = -1) {
  if (!isExchange(line)) return false;
  if (object < 0) return !rows.brought[line] && !rows.returned.has(line);
  return isKnown && directions(line).every(({ taker }) => !gainedAt(line, taker, object).length);
}

/** Whether no operation on an object came of a message or an exchange. */
function isBeside(line, object) {
  if (object < 0 || !isKnown) return false;
  if (rows.kind[line] !== "s") return isIdle(line, object);
  // A lost message may be what is looked for, and so may one that another passes on.
  return !(rows.flags[line] & LOST) && !passedOn.has(line) && (arrivals.get(line) ?? []).every((arrival) => isIdle(arrival, object));
}

/** For each object of which the giver or the taker knew an operation, what both knew and what was new. */
function exchanged(line, { giver, taker, sent }) {
  const [given, before, after] = [knownTo(giver, sent), knownTo(taker, line - 1), knownTo(taker, line)];
  const facts = new Map();
  operations.lines.forEach((_, number) => {
    if (!given[number] && !before[number] && !after[number]) return;
    const object = objectOf(number);
    if (!facts.has(object)) facts.set(object, { object, given: 0, before: 0, fresh: 0, lacking: 0 });
    const fact = facts.get(object);
    fact.given += given[number];
    fact.before += before[number];
    fact.fresh += after[number] && !before[number] ? 1 : 0;
    fact.lacking += given[number] && !after[number] ? 1 : 0;
  });
  // What was new comes first, then what the reader asks for.
  return [...facts.values()].sort((a, b) => (b.object === wish.object) - (a.object === wish.object) || b.fresh - a.fresh || a.object - b.object);
}

/** What a line exchanged: each direction as a table of objects; of a message, where it was applied. */
function exchangesOf(line, most) {
  if (!isKnown) return [];
  if (rows.kind[line] !== "s") return directions(line).map((direction) => exchangePart(line, direction, most));
  const applied = (arrivals.get(line) ?? []).slice(0, 3);
  if (applied.length) return applied.flatMap((arrival) => exchangesOf(arrival, most));
  const knows = new Map();
  knownTo(rows.replica[line], line).forEach((isKnown, number) => { if (isKnown) push(knows, objectOf(number), number); });
  const given = [...knows].map(([object, of]) => ({ object, given: of.length, before: null, fresh: null, lacking: null }));
  return given.length ? [factsTable([`${replicaName(rows.replica[line])} knew`], given, most)] : [];
}

function exchangePart(line, { giver, taker, sent }, most) {
  const facts = exchanged(line, { giver, taker, sent });
  const brought = facts.reduce((sum, fact) => sum + fact.fresh, 0);
  const title = make("p", { class: brought ? "exchanged" : "exchanged idle" }, make("b", null, replicaName(giver)), " → ", make("b", null, replicaName(taker)), ": ",
    brought ? `${count(brought, "operation")} new to ${replicaName(taker)}` : "brought nothing new", rows.kind[line] === "r" ? [", sent on line ", linkTo(sent)] : null);
  const names = [`${replicaName(giver)} knew`, `${replicaName(taker)} knew`, "new", "still lacking"];
  return make("div", { class: "exchange" }, title, facts.length ? factsTable(names, facts, most) : null);
}

function factsTable(names, facts, most) {
  const cells = (fact) => [fact.given, fact.before, fact.fresh && `+${fact.fresh}`, fact.lacking].slice(0, names.length);
  const row = (fact) => make("tr", { class: fact.fresh ? "fresh" : null }, make("th", { scope: "row" }, objectName(fact.object)),
    cells(fact).map((cell) => make("td", { class: "number" }, String(cell))));
  return make("div", null, make("table", { class: "facts" },
    make("thead", null, make("tr", null, ["operations on", ...names].map((name) => make("th", { scope: "col" }, clipped(name, 24))))),
    make("tbody", null, facts.slice(0, most).map(row))),
  facts.length > most ? make("p", { class: "note" }, `and ${count(facts.length - most, "more object")}`) : null);
}
