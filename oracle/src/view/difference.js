// A claimed answer beside the right one: what is missing, extra and other.

/** Characters that two answers share, shown around what they do not. */
const SHARED = 24;

/** Two texts, each with what the other has not in a mark. */
function contrast(one, other) {
  const most = Math.min(one.length, other.length);
  let front = 0, back = 0;
  while (front < most && one[front] === other[front]) front++;
  while (back < most - front && one[one.length - 1 - back] === other[other.length - 1 - back]) back++;
  if (front + back < 3) return [[one], [other]];
  const begin = front > SHARED ? "…" + one.slice(front - SHARED, front) : one.slice(0, front);
  const after = one.slice(one.length - back);
  const end = back > SHARED ? after.slice(0, SHARED) + "…" : after;
  return [one, other].map((text) => [begin, make("mark", null, text.slice(front, text.length - back)), end]);
}

/** The differences of an answer, a row each. */
function differenceTable({ rows: differences, more, same, order }) {
  const hasPlaces = differences.some((of) => of.path);
  const row = ({ path, right, claimed }) => {
    const kind = right === null ? "extra" : claimed === null ? "missing" : "other";
    const [ofClaimed, ofRight] = kind === "other" ? contrast(claimed, right) : [[claimed], [right]];
    const cell = (of, name, without) => make("td", null, of[0] === null ? make("span", { class: "none" }, without) : make("code", { class: name }, of));
    return make("tr", { class: kind }, hasPlaces && make("th", { scope: "row" }, clipped(path, 80)),
      cell(ofClaimed, "claimed", "missing"), cell(ofRight, "expected", "none: extra"));
  };
  const header = [hasPlaces && "where", "claimed", "follows"].filter(Boolean);
  const body = make("tbody", null);
  const part = make("div", { class: "difference" }, make("table", null, make("thead", null, make("tr", null, header.map((name) => make("th", { scope: "col" }, name)))), body));
  showInParts(part, body, differences.map((of) => () => row(of)), 12, 100);
  const rest = [more ? `${count(more, "more difference")}` : null, order && !differences.some((of) => of.right === null || of.claimed === null) ? "the same items, in another order" : same ? `${count(same, "part")} ${same === 1 ? "is" : "are"} the same` : null].filter(Boolean);
  if (rest.length) part.append(make("p", { class: "note" }, rest.join("; ")));
  return part;
}

/** Fills a list, a part of it at first, and the rest by a button below it. Where only the beginning is there, `all` gives all. */
function showInParts(part, body, makers, first, then, total = makers.length, all = null) {
  const button = make("button", { type: "button", class: "more" });
  const grow = (most) => {
    const from = body.children.length;
    body.append(...makers.slice(from, from + most).map((maker) => maker()));
    const rest = total - body.children.length;
    if (rest <= 0) button.remove();
    else button.textContent = `${rest.toLocaleString("en")} more`;
  };
  button.addEventListener("click", () => {
    if (makers.length === total) return grow(then);
    makers = all();
    body.replaceChildren();
    return grow(first + then);
  });
  part.append(button);
  grow(first);
}
