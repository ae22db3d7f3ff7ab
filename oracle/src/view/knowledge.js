// What each replica knew: which operations it had seen after a line.

/** The operations by their numbers, in the order of their lines. */
const operations = { lines: [], seqs: [], at: new Map(), byOrigin: [], byObject: [] };
/** For each replica, when it came to know operations by an exchange, or lost some by a restore. */
const exchanges = head.replicas.map(() => []);
/** The same by the line. */
const exchangedAt = new Map();
let isKnown = false;

function addKnowledge(given) {
  operations.byOrigin = head.replicas.map(() => []);
  operations.byObject = head.objects.map(() => []);
  operations.seqs = given.seqs;
  let line = 0;
  given.lines.forEach((further, number) => {
    line += further;
    operations.lines.push(line);
    operations.at.set(line, number);
    operations.byOrigin[rows.replica[line]].push(number);
    operations.byObject[rows.object[line]].push(number);
  });
  line = 0;
  for (const [further, replica, gained, lost] of given.learned) {
    line += further;
    const exchange = { line, replica, gained, lost };
    exchanges[replica].push(exchange);
    push(exchangedAt, line, exchange);
  }
  isKnown = true;
}

/** The numbers of the operations in runs of (origin, first, count). */
function* numbersIn(runs) {
  for (let i = 0; i < runs.length; i += 3) {
    const own = operations.byOrigin[runs[i]];
    for (let place = runs[i + 1]; place < runs[i + 1] + runs[i + 2]; place++) yield own[place];
  }
}

/** For each operation, whether a replica knows it after a line. */
function knownTo(replica, line) {
  const known = new Uint8Array(operations.lines.length);
  const own = operations.byOrigin[replica];
  let next = 0;
  // A restore takes back what was done before it, and not what is done afterwards.
  const performTo = (until) => {
    for (; next < own.length && operations.lines[own[next]] <= until; next++) known[own[next]] = 1;
  };
  for (const exchange of exchanges[replica]) {
    if (exchange.line > line) break;
    performTo(exchange.line);
    for (const number of numbersIn(exchange.gained)) known[number] = 1;
    for (const number of numbersIn(exchange.lost)) known[number] = 0;
  }
  performTo(line);
  return known;
}

/** The operations that a replica came to know by an exchange on a line, of one object where one is asked for. */
function gainedAt(line, replica, object = -1) {
  const gained = [];
  for (const exchange of exchangedAt.get(line) ?? []) {
    if (exchange.replica !== replica) continue;
    for (const number of numbersIn(exchange.gained)) if (object < 0 || objectOf(number) === object) gained.push(number);
  }
  return gained;
}

const objectOf = (number) => rows.object[operations.lines[number]];
const originOf = (number) => rows.replica[operations.lines[number]];

/** What an operation says, by its fields. */
const saidBy = (number) => members(texts[operations.lines[number]] ?? "{}");

/** The operations on an object up to a line. */
function operationsOn(object, line) {
  const all = operations.byObject[object] ?? [];
  let low = 0, high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (operations.lines[all[middle]] <= line) low = middle + 1; else high = middle;
  }
  return all.slice(0, low);
}
