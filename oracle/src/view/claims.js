// All claims with their verdicts, and the filters by object and replica.

/** Which object and replica the reader asks for; -1 for any. */
const wish = { object: -1, replica: -1, verdict: "" };

/** Whether a line is about the object and the replica that the reader asks for. Exchanges are about every object. */
function isWished(line) {
  const { object, replica } = wish;
  const isAbout = object < 0 || rows.object[line] === object || "srmyt".includes(rows.kind[line] ?? "-");
  return isAbout && (replica < 0 || rows.replica[line] === replica || rows.other[line] === replica || rows.replica[rows.from[line]] === replica);
}

const isWishing = () => wish.object >= 0 || wish.replica >= 0;

/** A choice among names. */
function choice(name, values, chosen, act) {
  const select = make("select", { "aria-label": name }, values.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  select.addEventListener("change", () => act(select.value));
  return select;
}

const objectChoice = (act) => choice("Object", [[-1, "all objects"], ...head.objects.map(([name], i) => [i, name])], wish.object, (value) => { wish.object = Number(value); act(); });
const replicaChoice = (act) => choice("Replica", [[-1, "all replicas"], ...head.replicas.map((name, i) => [i, name])], wish.replica, (value) => { wish.replica = Number(value); act(); });

/** Whether a claim is false, right, or was not judged. */
function verdictAt(line) {
  if (findingAt.has(line)) return "false";
  return unjudged.has(line) || (head.error && line >= head.error.line) ? "not judged" : "right";
}

const unjudged = new Set(head.limits.flatMap((limit) => (/^line (\d+) was not judged/.exec(limit) ?? []).slice(1).map(Number)));

/** The table of claims, as far as the lines are unpacked. */
function claimsPart() {
  const part = make("details", { id: "claims", open: wish.isOpen });
  part.addEventListener("toggle", () => { wish.isOpen = part.open; });
  const fill = (opens) => {
    const isShown = opens ?? part.open;
    const lines = [];
    rows.kind.forEach((kind, line) => {
      if (kind === "c" && isWished(line) && (!wish.verdict || verdictAt(line) === wish.verdict)) lines.push(line);
    });
    const body = make("tbody", null);
    const MOST = 200;
    const makers = lines.map((line) => () => {
      const verdict = verdictAt(line);
      return make("tr", { class: verdict === "false" ? "wrong" : null },
        make("td", null, linkTo(line)), make("td", null, verdict), make("td", null, replicaName(rows.replica[line])),
        make("td", null, objectName(rows.object[line]) || "all"), make("td", { class: "answer" }, answerOf(line)));
    });
    const verdicts = choice("Verdict", [["", "all verdicts"], ["false", "false"], ["right", "right"]], wish.verdict, (value) => { wish.verdict = value; fill(); });
    const header = make("tr", null, ["line", "verdict", "replica", "object", "answer"].map((name) => make("th", { scope: "col" }, name)));
    const summary = make("summary", null, `All claims (${lines.length.toLocaleString("en")} listed)`);
    // The rows are made when they are asked for.
    if (!isShown) {
      // The summary that was clicked is replaced, so it opens nothing by itself.
      summary.addEventListener("click", (event) => {
        event.preventDefault();
        fill(true);
        part.open = true;
      }, { once: true });
      part.replaceChildren(summary);
      return;
    }
    part.replaceChildren(summary,
      make("div", { class: "wishes" }, objectChoice(() => fill()), " ", replicaChoice(() => fill()), " ", verdicts),
      make("table", null, make("thead", null, header), body));
    showInParts(part, body, makers, MOST, MOST);
  };
  fill();
  return part;
}

/** What a claim says, in short. */
function answerOf(line) {
  if (texts[line] === undefined) return "…";
  const of = members(texts[line]);
  const part = of.get("element") ?? of.get("key") ?? of.get("query");
  const said = ["value", "vector", "digest", "decisions", "notices", "state", "text"].map((name) => of.get(name)).find((text) => text !== undefined);
  return [part ? [code(part, 40), ": "] : [], said === undefined ? parsed(of.get("event")) : code(said, 120)];
}
