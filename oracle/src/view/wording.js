// What is said of an event, and elements of the page.

/** An element with attributes and children; text is never read as markup. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : plain(child));
  }
  return element;
}

const clipped = (text, most) => (text.length > most ? text.slice(0, most) + "…" : text);
const code = (text, most = 300) => make("code", null, clipped(String(text), most));
const linkTo = (line, text) => make("a", { href: "#L" + line, "data-line": line }, text ?? String(line));
const count = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
const replicaName = (number) => head.replicas[number] ?? "";
const objectName = (number) => (head.objects[number] ?? [""])[0];

/** Text with what stands between backquotes as code. */
function sentence(text) {
  return text.split("`").map((piece, i) => (i % 2 ? make("code", null, piece) : piece));
}

/** A sentence in pieces, where numbers are lines. */
function pieces(list) {
  // A quotation may go on over a link.
  let quoted = false;
  return list.map((piece) => {
    if (typeof piece === "number") return linkTo(piece);
    return piece.split("`").map((part, i) => {
      if (i > 0) quoted = !quoted;
      return quoted ? make("code", null, part) : part;
    });
  });
}

const list = (names) => names.map((name, i) => [i ? (i === names.length - 1 ? " and " : ", ") : "", code(name)]);

/** What an operation does, as pieces. */
function operation(of) {
  const text = (field) => code(parsed(of.get(field)));
  const raw = (field) => code(of.get(field), 120);
  const at = of.has("timestamp") ? [" at ", raw("timestamp")] : [];
  const on = text("object");
  switch (parsed(of.get("op"))) {
    case "increment": return ["adds ", of.has("amount") ? raw("amount") : code("1"), " to ", on];
    case "decrement": return ["takes ", of.has("amount") ? raw("amount") : code("1"), " from ", on];
    case "write": return ["writes ", raw("value"), " to ", on, at];
    case "add": if (of.has("element")) return ["adds ", text("element"), " to ", on]; break;
    case "remove": if (of.has("element")) return ["removes ", text("element"), " from ", on]; break;
    case "put": if (of.has("key")) return ["sets ", text("key"), " to ", raw("value"), " in ", on, at]; break;
    case "delete":
      if (of.has("key")) return ["deletes ", text("key"), " in ", on, at];
      if (of.has("element")) return ["deletes ", text("element"), " in ", on];
      break;
    case "append": return ["appends ", raw("entry"), " to ", on, at];
    case "enable": return ["enables ", on];
    case "disable": return ["disables ", on];
    case "insert":
      return ["inserts ", text("element"),
        of.has("after") && of.get("after") !== "null" ? [" after ", text("after")] : [],
        of.has("before") && of.get("before") !== "null" ? [" before ", text("before")] : [], " in ", on];
  }
  const shown = new Set(["event", "replica", "object", "op", "id", "user"]);
  const rest = [...of].filter(([name]) => !shown.has(name) && !name.startsWith("x-"));
  const argument = ([name, value]) => [" ", name === "arguments" ? "" : name + " ", code(value, 120)];
  return ["performs ", text("op"), rest.map(argument), " on ", on];
}

/** What a claim says, as pieces. */
function claim(of) {
  const text = (field) => code(parsed(of.get(field)));
  const answer = (field) => code(of.get(field), 200);
  const on = of.has("object") ? [" of ", text("object")] : [];
  switch (parsed(of.get("event"))) {
    case "read": {
      const part = ["element", "key"].filter((field) => of.has(field)).map((field) => [text(field), " in "]);
      const query = of.has("query") ? [answer("query"), " in "] : [];
      return ["reads ", part, query, text("object"), ": ", answer("value")];
    }
    case "vector": return ["has the state vector", on, ": ", answer("vector")];
    case "digest": return ["has the state hash", on, ": ", answer("digest")];
    case "decisions": return ["has the open decisions", on, ": ", answer("decisions")];
    case "notices": return ["has notices for ", text("user"), ": ", answer("notices")];
    case "state": return ["holds the state", on, ": ", answer("state")];
    case "failed": return ["failed", of.has("object") ? [" on ", text("object")] : [], ": ", text("text")];
  }
  return ["claims ", code([...of].map(([name, value]) => `${name} ${value}`).join(", "))];
}

/** What a message is limited to, as pieces. */
function limited(of) {
  const names = (field) => list(parsed(of.get(field)));
  return [
    of.has("objects") ? [" with ", parsed(of.get("objects")).length ? names("objects") : "nothing"] : [],
    of.has("operations") ? [" with operations ", parsed(of.get("operations")).length ? names("operations") : "(none)"] : [],
    of.has("since") && parsed(of.get("since")).length ? [" without what ", names("since"), " held"] : [],
    of.has("relays") && parsed(of.get("relays")).length ? [", passing on ", names("relays")] : [],
  ];
}

/** An event in a phrase, as pieces; "…" where its line is not unpacked yet. */
function describe(line) {
  if (texts[line] === undefined) return ["…"];
  const of = members(texts[line]);
  const who = (field = "replica") => make("span", { class: "who" }, parsed(of.get(field)));
  switch (rows.kind[line]) {
    case "o": return [who(), " ", operation(of)];
    case "s": return [who(), " sends ", code(parsed(of.get("message"))),
      of.has("to") ? [" to ", parsed(of.get("to"))] : [], limited(of)];
    case "r": return [who(), " applies ", code(parsed(of.get("message")))];
    case "m": return [who(), " merges from ", who("from"), limited(of)];
    case "y": {
      const [a, b] = parsed(of.get("replicas"));
      return [make("span", { class: "who" }, a), " and ", make("span", { class: "who" }, b), " synchronize", limited(of)];
    }
    case "v": return [who(), " saves backup ", code(parsed(of.get("snapshot")))];
    case "t": return [who(), " is set back to backup ", code(parsed(of.get("snapshot")))];
    case "l": return [who(), " starts ", code(parsed(of.get("object"))), " from ", code(of.get("state"), 200)];
    case "n": return [parsed(of.get("text"))];
    default:
      if (of.has("replicas")) {
        return [parsed(of.get("replicas")).map((name, i) => [i ? ", " : "", make("span", { class: "who" }, name)]),
          " are claimed to have converged"];
      }
      return [who(), " ", claim(of)];
  }
}

/** What became of an event: [class, text, explanation]. */
function tags(line) {
  const found = [];
  const flags = rows.flags[line];
  if (findingAt.has(line)) found.push(["bad", "false", "The judge finds this claim false."]);
  if (head.error && head.error.line === line) found.push(["bad", head.verdict, head.error.message]);
  if (passedOn.has(line)) found.push(["odd", "held back", "Who passes it on has not applied it."]);
  else if (flags & LOST) found.push(["odd", "lost", "No replica applied this message."]);
  if (isIdle(line)) found.push(["end", "nothing new", "It brought no operation that was not known already."]);
  else if (wish.object >= 0 && isIdle(line, wish.object)) found.push(["end", `nothing new of ${clipped(objectName(wish.object), 30)}`, "It brought no operation on the object that is shown."]);
  if (flags & REPEATED) found.push(["odd", "again", "The replica had applied this message before."]);
  if (flags & REORDERED) found.push(["odd", "overtaken", "A later message of the same sender was applied before."]);
  if (heldBack.has(line)) found.push(["odd", "passes on", "It passes on a message that the sender has not applied."]);
  const conflict = conflictsAt.get(line);
  if (conflict?.opened) found.push(["open", conflict.opened > 1 ? `${conflict.opened} conflicts` : "conflict",
    "Decisions that did not know of each other meet here, and do not agree."]);
  if (conflict?.closed) found.push(["end", conflict.closed > 1 ? `${conflict.closed} resolved` : "resolved",
    "A conflict ends at this replica."]);
  if (warningsAt.has(line)) found.push(["odd", "warning", "The judge warns of this operation."]);
  return found;
}
