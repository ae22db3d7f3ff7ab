// The trace: what the page was given, and where it is looked up. Lines go by their numbers in the file.

const head = JSON.parse(document.getElementById("head").textContent);
const lastLine = 1 + head.rows;

/** A number for each line: an array that begins with its last line would be kept as a table, and be slow. */
function numbers(none) {
  return new Int32Array(lastLine + 1).fill(none);
}

/** For each line: its kind (a letter), its replica, the other one, its object, the line that it comes from. */
const rows = {
  kind: new Array(lastLine + 1), replica: numbers(-1), other: numbers(-1), object: numbers(-1), from: numbers(0), brought: numbers(0),
  returned: new Map(), flags: numbers(0),
};
const texts = new Array(lastLine + 1);
/** For a line that sends or saves, the lines that receive or restore it. */
const arrivals = new Map();
const heldBack = new Map();
/** For a line that sends, the lines of the messages that it names. */
const namesSends = new Map();
const passedOn = new Map();
const conflictsAt = new Map();
/** For a line by which something came: the replicas and objects of which answers changed, and how many. */
const broughtAt = new Map();
const findings = head.findings;
const findingAt = new Map();
const warningsAt = new Map();
const LOST = 1, REPEATED = 2, REORDERED = 4;

function push(map, key, value) {
  const list = map.get(key);
  if (list) list.push(value); else map.set(key, [value]);
}

function addRows(columns) {
  const count = columns.kinds.length;
  for (let i = 0; i < count; i++) {
    const line = columns.lines ? columns.lines[i] : i + 2;
    rows.kind[line] = columns.kinds[i];
    rows.replica[line] = columns.replicas[i];
    rows.other[line] = columns.others[i];
    rows.object[line] = columns.objects[i];
    rows.from[line] = columns.back[i] ? line - columns.back[i] : 0;
    rows.brought[line] = columns.brought[i];
    rows.flags[line] = columns.flags[i];
    if (columns.texts) texts[line] = columns.texts[i];
    else if (columns.back[i]) push(arrivals, line - columns.back[i], line);
  }
  for (const [line, number] of columns.returned) rows.returned.set(line, number);
  for (const [line, sends] of columns.named) namesSends.set(line, sends);
  for (const [line, sends] of columns.held_back) {
    heldBack.set(line, sends);
    for (const send of columns.lines ? [] : sends) push(passedOn, send, line);
  }
  for (const [line, opened, closed] of columns.conflicts) conflictsAt.set(line, { opened, closed });
}

function indexFindings() {
  findings.forEach((finding, number) => {
    finding.named = new Set(finding.because.flat().filter((piece) => typeof piece === "number"));
    finding.named.add(finding.line);
    // What happened in the window is shown too, where that is not much.
    const happened = finding.told ? [] : finding.window.flat().filter((piece) => typeof piece === "number");
    if (happened.length <= 60) for (const line of happened) finding.named.add(line);
    if (!findingAt.has(finding.line)) findingAt.set(finding.line, number);
  });
}

addRows(head.first);
indexFindings();
for (const warning of head.warnings) push(warningsAt, warning.line, warning);

/** Unpacks a section of the page. */
async function unpack(id) {
  const stream = new Blob([bytesOf(document.getElementById(id).textContent)]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream("gzip"))).json();
}

/** The bytes of base64. */
function bytesOf(packed) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(packed);
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// Values

let states = null;

/** Prepares the changes of answers, by replica. */
function addStates(given) {
  const count = given.lines.length;
  const lines = new Uint32Array(count), conflicts = new Uint32Array(count);
  const of = head.replicas.map(() => 0);
  let line = 0;
  for (let i = 0; i < count; i++) {
    line += given.lines[i];
    lines[i] = line;
    of[given.replicas[i]] += 1;
  }
  for (const [at, conflict] of given.contested) conflicts[at] = conflict;
  const byReplica = of.map((length) => new Uint32Array(length));
  // An answer may come to rest on other operations and stay what it was.
  const isNew = new Uint8Array(count), before = new Map();
  of.fill(0);
  for (let i = 0; i < count; i++) {
    const replica = given.replicas[i];
    byReplica[replica][of[replica]++] = i;
    const about = replica * given.key_objects.length + given.keys[i];
    const last = before.get(about);
    before.set(about, i);
    isNew[i] = (last === undefined ? 0 : given.answers[last]) !== given.answers[i] || (last === undefined ? 0 : conflicts[last]) !== conflicts[i] ? 1 : 0;
    if (!isNew[i] || !"rmyt".includes(rows.kind[lines[i]])) continue;
    const object = given.key_objects[given.keys[i]];
    const known = (broughtAt.get(lines[i]) ?? []).find(([at, about]) => at === replica && about === object);
    if (known) known[2] += 1; else push(broughtAt, lines[i], [replica, object, 1]);
  }
  states = { ...given, lines, contested: conflicts, byReplica, isNew };
}

/** What each object amounts to at a replica after a line: for each object, its keys with their answers. */
function stateAt(replica, line) {
  const latest = new Map();
  for (const change of states.byReplica[replica]) {
    if (states.lines[change] > line) break;
    latest.set(states.keys[change], change);
  }
  const objects = head.objects.map(() => []);
  for (const [key, change] of latest) {
    const text = states.answers[change], conflict = states.contested[change];
    const changed = states.lines[change] === line && states.isNew[change] === 1;
    const grounds = states.grounded[change];
    if (!text && !conflict && !changed && !grounds) continue;
    objects[states.key_objects[key]].push({
      name: states.key_names[key],
      rank: states.key_ranks[key],
      text: text ? states.texts[text - 1] : null,
      conflict: conflict ? states.conflicts[conflict - 1] : null,
      grounds: grounds ? { current: states.grounds[grounds - 1][0], concurrent: states.grounds[grounds - 1][1] } : null,
      changed,
    });
  }
  return objects;
}

// JSON as it was written: a number keeps all of its digits

/** The members of an object's text, each as the text of its value. */
function members(text) {
  const found = new Map();
  let at = text.indexOf("{") + 1;
  const space = () => { while (" \t\r\n,:".includes(text[at])) at++; };
  const string = () => { for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++; at++; };
  const value = () => {
    let depth = 0;
    do {
      const next = text[at];
      if (next === '"') { string(); continue; }
      if (next === "{" || next === "[") depth++;
      else if (next === "}" || next === "]") depth--;
      at++;
    } while (at < text.length && (depth > 0 || !",}]".includes(text[at])));
  };
  for (space(); at < text.length && text[at] === '"'; space()) {
    const start = at;
    string();
    const name = JSON.parse(text.slice(start, at));
    space();
    const from = at;
    value();
    found.set(name, text.slice(from, at).trim());
  }
  return found;
}

/** What a piece of JSON says, if it is a string or an array of strings; numbers stay as they are written. */
const parsed = (json) => (json === undefined ? undefined : JSON.parse(json));

const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text that cannot hide or turn what stands around it. */
function plain(text) {
  return String(text).replace(steering, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

// The causal past of lines, as `oracle slice` keeps it

/** The replicas at which a line happens. */
function replicasOf(line) {
  const kind = rows.kind[line];
  if (kind === "m" || kind === "y") return [rows.replica[line], rows.other[line]];
  if (rows.replica[line] >= 0) return [rows.replica[line]];
  if (kind !== "c" || texts[line] === undefined) return [];
  return (parsed(members(texts[line]).get("replicas")) ?? []).map((name) => head.replicas.indexOf(name));
}

/** The lines of the messages that a line follows from. */
function sendsOf(line) {
  if (rows.kind[line] === "r") return [rows.from[line]];
  const failed = rows.kind[line] === "c" && texts[line] !== undefined && members(texts[line]).get("message");
  if (failed) {
    const sends = (send) => rows.kind[send] === "s" && texts[send] !== undefined && members(texts[send]).get("message") === failed;
    for (let send = line - 1; send >= 2; send--) if (sends(send)) return [send];
  }
  return namesSends.get(line) ?? [];
}

/** These lines and all that could have changed what they say. */
function causalPast(asked) {
  const until = head.replicas.map(() => 0);
  const kept = new Set();
  const reach = (replica, line) => { until[replica] = Math.max(until[replica], line); };
  for (let line = Math.max(...asked); line >= 2; line--) {
    const at = replicasOf(line);
    const isPast = !"cn".includes(rows.kind[line]) && at.some((replica) => until[replica] >= line);
    if (!isPast && !asked.has(line)) continue;
    kept.add(line);
    for (const replica of at) reach(replica, line);
    for (const send of sendsOf(line)) reach(rows.replica[send], send);
  }
  // An object that is loaded anywhere is judged as states everywhere: one load of each stays.
  const loads = rows.kind.flatMap((kind, line) => (kind === "l" ? [line] : []));
  const loaded = new Set(loads.filter((line) => kept.has(line)).map((line) => rows.object[line]));
  for (const line of loads) {
    if (loaded.has(rows.object[line])) continue;
    loaded.add(rows.object[line]);
    kept.add(line);
  }
  return kept;
}
