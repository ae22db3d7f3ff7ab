// The panel of the verdict: the chosen finding with its argument, what findings share, warnings.

const why = document.getElementById("why");

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
  const isLong = answers.some(([, , text]) => text.length > 120);
  if (isLong && finding.difference) {
    parts.push(differenceTable(finding.difference), make("details", null, make("summary", null, "Both answers in full"), listed));
  } else if (answers.length) {
    parts.push(listed);
  }
  if (finding.because.length) {
    parts.push(make("h3", null, "Because"), make("ol", { class: "because" }, finding.because.map((step) =>
      make("li", { class: step.includes(view.line) ? "here" : null }, pieces(step)))));
  } else {
    parts.push(make("p", { class: "note" }, "The judge gives the arguments for the first thousand findings of a trace."));
  }
  if (!finding.told) {
    const [opening, ...happened] = finding.window;
    if (opening) {
      parts.push(make("h3", null, "Since when"), make("p", { class: "opening" }, pieces(opening)), happened.length ? listOf(happened) : null);
    }
    if (finding.merges.length) parts.push(make("h3", null, "What senders had seen of it"), listOf(finding.merges));
    if (finding.lost.length) {
      const [opening, ...kinds] = finding.lost;
      parts.push(make("h3", null, "If receptions were lost"), make("p", { class: "opening" }, pieces(opening)), listOf(kinds));
    }
    if (finding.differs.length) {
      parts.push(make("h3", null, "In what it differs"), make("ul", { class: "window" }, finding.differs.map((of) => make("li", null, pieces(of)))),
        finding.more ? make("p", { class: "note" }, `and ${finding.more.toLocaleString("en")} more`) : null);
    }
    if (finding.warnings.length) {
      const [opening, ...last] = finding.warnings;
      parts.push(make("h3", null, "Warnings on it"), make("p", { class: "opening" }, pieces(opening)), listOf(last));
    }
  }
  if (finding.theorem) parts.push(make("p", { class: "note" }, "Proved: ", make("code", null, finding.theorem)));
  return parts;
}

/** Sentences, of which those that name the chosen line are marked. */
function listOf(sentences) {
  return make("ul", { class: "window" }, sentences.map((said) => make("li", { class: said.includes(view.line) ? "here" : null }, pieces(said))));
}

/** What the false claims on one object have in common. */
function patternParts() {
  return head.patterns.filter((pattern) => pattern.findings > 1).map((pattern) => {
    const items = (list) => make("ul", { class: "window" }, list.map((item) => make("li", null, pieces(item))));
    const what = pattern.object === null ? ["all objects together"] : [make("code", null, pattern.object)];
    return make("details", { open: true, class: "pattern" },
      make("summary", null, what, ` went wrong ${count(pattern.windows, "time")}, with ${count(pattern.findings, "false claim")}`),
      pattern.facts.length ? [make("h3", null, "In common"), items(pattern.facts)] : null,
      pattern.account.length ? [make("h3", null, "If receptions were lost"), items(pattern.account)] : null,
      make("h3", null, "Where"), items(pattern.entries),
      pattern.entries.length < pattern.windows ? make("p", { class: "note" }, `and ${pattern.windows - pattern.entries.length} more times`) : null);
  });
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
