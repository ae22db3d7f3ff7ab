// Histories for the tests of the page: replicas that meet over a bad network, and what they answer.
//
// The answers are computed from the definitions, on plain sets. One of them can be made wrong: the
// last answer then lacks the newest element that came by a message.

/** Numbers that follow from a seed (mulberry32). */
function numbers(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A trace of about so many events, as text. */
export function history({ events, replicas = ["client", "server", "tablet", "backup"], seed = 1, isWrong = false }) {
  const random = numbers(seed);
  const header = {
    trace: "rejoin/1", replicas,
    objects: { approved: { type: "or-set" }, columns: { type: "lww-map" }, processed: { type: "g-counter" } },
  };
  const lines = [header];
  // Every message holds all that its sender has seen, so that is a number of operations of each replica.
  const operations = replicas.map(() => []);
  const adds = new Map();
  const seen = replicas.map(() => replicas.map(() => 0));
  const messages = [];
  let clock = 1;
  const record = (event, fields) => lines.push({ event, ...fields });
  const isSeen = (who, [origin, at]) => at < seen[who][origin];
  const elements = (who) => {
    const removed = new Set();
    replicas.forEach((_, origin) => operations[origin].slice(0, seen[who][origin]).flat().forEach((add) => removed.add(add)));
    return [...adds].filter(([, of]) => of.some((add) => isSeen(who, add) && !removed.has(add))).map(([name]) => name);
  };
  /** Performs an operation, which removes these additions. */
  const perform = (who, fields, removes = []) => {
    record("op", { replica: replicas[who], ...fields });
    operations[who].push(removes);
    seen[who][who] += 1;
    return [who, operations[who].length - 1];
  };
  while (lines.length < events) {
    const who = random(replicas.length);
    const name = `mapping_${random(40)}`;
    const dice = random(100);
    if (dice < 30) {
      const add = perform(who, { object: "approved", op: "add", element: name });
      adds.set(name, [...(adds.get(name) ?? []), add]);
    } else if (dice < 38) {
      const removes = (adds.get(name) ?? []).filter((add) => isSeen(who, add));
      perform(who, { object: "approved", op: "remove", element: name }, removes);
    } else if (dice < 52) {
      perform(who, { object: "columns", op: "put", key: name, value: random(1000), timestamp: clock++ });
    } else if (dice < 58) {
      perform(who, { object: "processed", op: "increment", amount: 1 + random(9) });
    } else if (dice < 76) {
      const message = { name: `m${messages.length + 1}`, from: who, holds: [...seen[who]] };
      messages.push(message);
      record("send", { replica: replicas[who], message: message.name, to: replicas[(who + 1) % replicas.length] });
    } else if (dice < 96 && messages.length) {
      // The newest messages are the likeliest; some come twice, late, or never.
      const message = messages[Math.max(0, messages.length - 1 - random(1 + random(12)))];
      if (message.from === who) continue;
      seen[who] = seen[who].map((count, origin) => Math.max(count, message.holds[origin]));
      record("receive", { replica: replicas[who], message: message.name });
    } else if (lines.length < 5000) {
      record("read", { replica: replicas[who], object: "approved", value: elements(who) });
    }
  }
  if (isWrong) {
    const who = 1;
    const value = elements(who);
    value.pop();
    record("read", { replica: replicas[who], object: "approved", value });
  }
  return lines.map((line) => JSON.stringify(line)).join("\n") + "\n";
}
