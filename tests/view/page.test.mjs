// The page of `oracle view` in a browser: it opens, shows the finding, steps, searches, and says what the judge says.
//
// `npm ci && node --test` here; ORACLE names the program, CHROMIUM the browser. SHOTS names a folder for
// screenshots at three widths in both themes, which are there to be looked at.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { history } from "./history.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const oracle = process.env.ORACLE ?? join(root, "target/release/oracle");
const scenarios = join(root, "spec/scenarios");
const folder = mkdtempSync(join(tmpdir(), "oracle-view-"));
let browser;

before(async () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** The file of the page of a trace. */
function view(trace, name = "page.html") {
  const file = join(folder, name);
  const run = spawnSync(oracle, ["view", trace, "-o", file]);
  assert.ok(run.status <= 3, String(run.stderr));
  return file;
}

/** A trace in a file of its own. */
function written(text, name = "trace.jsonl") {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Does something in one page after the other, each with a trace of the scenarios. */
async function openScenarios(ending, act) {
  const names = readdirSync(scenarios).filter((name) => name.endsWith(ending));
  await open(view(join(scenarios, names[0])), async (page) => {
    for (const name of names) {
      await page.goto(`file://${view(join(scenarios, name))}`);
      await page.waitForSelector('html[data-filled="all"]');
      await act(page, name);
    }
  });
  return names.length;
}

/** Opens a page, and asserts at the end that nothing went wrong in it and that it asked for nothing. */
async function open(file, act, { hash = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = [], requests = [];
  page.on("console", (message) => wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`file://${file}${hash}`);
  await page.waitForSelector('html[data-filled="all"], html[data-filled="failed"]');
  const result = await act(page);
  assert.deepEqual(wrong, []);
  const others = requests.filter((url) => !url.startsWith(`file://${file}`) && !url.startsWith("blob:"));
  assert.deepEqual(others, []);
  await context.close();
  return result;
}

const rejected = join(scenarios, "add-wins-over-concurrent-remove.rejected.jsonl");
const chosen = (page) => page.locator(".row.chosen").getAttribute("data-line");

test("the finding is there, with its argument and the lines that it names", async () => {
  await open(view(rejected), async (page) => {
    assert.match(await page.locator("#why h2").innerText(), /set approved at server has other elements than claimed/i);
    assert.equal(await page.locator("#why .expected").innerText(), '["mapping_X"]');
    assert.equal(await page.locator("#why .claimed").innerText(), "[]");
    assert.equal(await page.locator("ol.because li").count(), 4);
    assert.equal(await chosen(page), "8");
    const named = await page.locator(".row.named").evaluateAll((rows) => rows.map((row) => row.dataset.line));
    assert.deepEqual(named, ["4", "5", "7", "8"]);
    await page.locator("ol.because a", { hasText: "5" }).first().click();
    assert.equal(await chosen(page), "5");
    assert.match(await page.locator("#state").innerText(), /State of\s+client\s+server\s+after line 5/);
  });
});

test("every part can be reached by keys", async () => {
  const trace = written(history({ events: 1000, isWrong: true }));
  await open(view(trace), async (page) => {
    const last = await page.evaluate(() => lastLine);
    assert.equal(await chosen(page), String(last));
    await page.keyboard.press("k");
    const before = Number(await chosen(page));
    assert.ok(before < last);
    await page.keyboard.press("j");
    assert.equal(await chosen(page), String(last));
    await page.keyboard.press("a");
    assert.equal(await page.locator("#mode-past").getAttribute("aria-pressed"), "true");
    await page.keyboard.press("a");
    await page.keyboard.press("Home");
    assert.equal(await chosen(page), "2");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("PageDown");
    assert.ok(Number(await chosen(page)) > 10);
    await page.keyboard.press("ArrowRight");
    assert.match(await page.locator("#announce").innerText(), /after line/);
    await page.keyboard.press("End");
    assert.equal(await chosen(page), String(last));
    assert.equal(await page.evaluate(() => location.hash), `#L${last}`);
    await page.keyboard.press("/");
    await page.keyboard.type("L14");
    await page.keyboard.press("Enter");
    assert.equal(await chosen(page), "14");
    await page.locator("#query").fill("mapping_5");
    await page.keyboard.press("Enter");
    assert.match(await page.locator("#hits").innerText(), /^\d+ of \d+$/);
    assert.match(await page.locator(".row.chosen").innerText(), /mapping_5/);
    await page.keyboard.press("Escape");
    const send = await page.evaluate(() => [...arrivals.keys()][0]);
    await page.evaluate((line) => choose(line), send);
    await page.keyboard.press("m");
    assert.equal(await page.evaluate(() => rows.from[view.line]), send);
    const theme = await page.evaluate(() => document.documentElement.dataset.theme);
    await page.keyboard.press("t");
    assert.notEqual(await page.evaluate(() => document.documentElement.dataset.theme), theme);
    await page.keyboard.press("?");
    assert.ok(await page.locator("#help").isVisible());
    await page.keyboard.press("Escape");
    assert.ok(!(await page.locator("#help").isVisible()));
  });
});

test("a link leads to a line, also to one that the argument leaves out", async () => {
  const trace = written(history({ events: 1000, isWrong: true }));
  await open(view(trace), async (page) => {
    assert.equal(await chosen(page), "500");
    assert.ok(await page.locator(".row.chosen").isVisible());
  }, { hash: "#L500" });
});

test("the past of a finding is a trace with the same finding", async () => {
  const compared = await openScenarios(".rejected.jsonl", async (page, name) => {
    const lines = readFileSync(join(scenarios, name), "utf8").trimEnd().split("\n");
    const [line, rule, kept] = await page.evaluate(() => {
      showMode("past");
      return [findings[0].line, findings[0].rule, [...pastLines()].sort((a, b) => a - b)];
    });
    assert.ok(kept.every((at) => at <= line || lines[at - 1].includes('"load"')), name);
    const past = [lines[0], ...kept.map((at) => lines[at - 1])].join("\n") + "\n";
    const run = spawnSync(oracle, ["check", "--engine", "definition", "--format", "json", written(past, "past.jsonl")]);
    const report = JSON.parse(String(run.stdout));
    const at = kept.indexOf(line) + 2;
    assert.ok(report.findings.some((finding) => finding.line === at && finding.rule === rule), `${name}: ${past}${run.stdout}`);
  });
  assert.ok(compared > 100);
});

test("every event of every scenario is described, and every state can be shown", async () => {
  let compared = 0;
  await openScenarios(".jsonl", async (page, name) => {
    const [odd, shares, dots] = await page.evaluate(() => {
      showMode("all");
      const odd = [];
      let shares = 0, dots = 0;
      /** What the parts say that an answer rests on, held against the judge's answer. */
      const check = (replica, line) => {
        const known = knownTo(replica, line);
        stateAt(replica, line).forEach((keys, object) => {
          const kind = head.objects[object][1], all = operationsOn(object, line);
          if (COUNTERS.has(kind) && all.length) {
            const sum = share();
            for (const number of all) if (known[number]) addTo(sum, number);
            const answer = keys[0]?.text ?? "0";
            shares += 1;
            if (String(sum.up - sum.down) !== answer) odd.push([line, replica, object, String(sum.up - sum.down), answer]);
          }
          for (const { name, text, grounds } of keys) {
            if (!grounds) continue;
            dots += 1;
            const rests = [...grounds.current, ...grounds.concurrent];
            if (kind === "or-set" && (grounds.current.length > 0) !== (text === "true")) odd.push([line, replica, name, grounds, text]);
            if (!rests.every((at) => known[operations.at.get(at)])) odd.push([line, replica, name, grounds, "not known"]);
          }
        });
      };
      for (let line = 2; line <= lastLine; line++) {
        choose(line, line % head.replicas.length);
        const words = document.querySelector(".row.chosen").textContent + stateBox.textContent + why.textContent;
        if (/undefined|NaN|\[object|unpacked/.test(words)) odd.push([line, words]);
        for (let replica = 0; replica < head.replicas.length; replica++) check(replica, line);
      }
      return [odd, shares, dots];
    });
    assert.deepEqual(odd, [], name);
    compared += shares && dots ? 1 : 0;
  });
  assert.ok(compared > 10, `${compared} scenarios have counters and keys`);
});

const lines = (...events) => events.map((event) => JSON.stringify(event)).join("\n") + "\n";

/** Two replicas that know different operations on objects of several types. */
const apart = lines(
  { trace: "rejoin/1", replicas: ["ana", "ben", "cleo"], objects: { tags: { type: "or-set" }, meta: { type: "lww-map" }, count: { type: "pn-counter" }, talk: { type: "log" } } },
  { event: "op", replica: "ana", object: "tags", op: "add", element: "red", user: "una" },
  { event: "op", replica: "ben", object: "tags", op: "add", element: "red" },
  { event: "op", replica: "ana", object: "meta", op: "put", key: "size", value: { w: 1, h: [1, 2] }, timestamp: 5 },
  { event: "op", replica: "ben", object: "meta", op: "put", key: "size", value: { w: 2, h: [1, 2] }, timestamp: 7 },
  { event: "op", replica: "ben", object: "count", op: "increment", amount: 7 },
  { event: "op", replica: "cleo", object: "count", op: "decrement", amount: 2 },
  { event: "op", replica: "cleo", object: "talk", op: "append", entry: "hello", timestamp: 3, user: "clea" },
  { event: "send", replica: "ben", message: "m1", to: "ana" },
  { event: "receive", replica: "ana", message: "m1" },
  { event: "receive", replica: "ana", message: "m1" },
  { event: "op", replica: "ana", object: "tags", op: "remove", element: "red" },
  { event: "send", replica: "cleo", message: "m2", to: "ana" },
  { event: "merge", replica: "ben", from: "cleo" },
  { event: "merge", replica: "ben", from: "cleo" },
  { event: "read", replica: "ana", object: "meta", value: { size: { w: 1, h: [1, 2] }, age: 4 } },
  { event: "read", replica: "ana", object: "tags", value: ["red", "blue"] },
);

/** The texts of a table's rows, cells joined. */
const rowsOf = (locator) => locator.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()).join("|")));

test("a state says on what it rests, and what is not known there", async () => {
  await open(view(written(apart)), async (page) => {
    const object = (name) => page.locator(`.object[data-object=${name}]`);
    const grounds = async (name, line, replica) => {
      await page.evaluate(([line, replica]) => choose(line, replica), [line, replica]);
      const part = object(name).locator(".grounds");
      if (!(await part.evaluate((part) => part.open))) await part.locator("summary").click();
      return rowsOf(part);
    };
    assert.deepEqual(await grounds("count", 10, 0), ["ben|+7 −0 by 1 operation|–", "cleo|–|+0 −2 by 1 operation"]);
    assert.match(await object("count").innerText(), /1 known here, 1 not known here/);
    assert.deepEqual(await grounds("tags", 10, 0), ["red|ana:1 line 2 by una|adds|live", "|ben:1 line 3|adds|live"]);
    assert.deepEqual(await grounds("tags", 12, 0), ["red|ana:1 line 2 by una|adds|removed", "|ben:1 line 3|adds|removed", "|ana:3 line 12|removes|"]);
    assert.deepEqual(await grounds("tags", 12, 1), ["red|ana:1 line 2 by una|adds|not known here", "|ben:1 line 3|adds|live", "|ana:3 line 12|removes|not known here"]);
    assert.deepEqual(await grounds("meta", 10, 0), ['size|ana:2 line 4|{"w":1,"h":[1,2]} at 5|concurrent', '|ben:2 line 5|{"w":2,"h":[1,2]} at 7|wins']);
    assert.match(await object("talk").innerText(), /1 entry not known here\s+"hello" clea at cleo, line 8 at 3/);
    await page.evaluate(() => choose(14));
    assert.match(await object("talk").locator("ol").innerText(), /"hello" clea at cleo, line 8 at 3/);
  });
});

test("a claimed answer stands beside the right one, by elements and members", async () => {
  await open(view(written(apart)), async (page) => {
    await page.evaluate(() => choose(16));
    const difference = (object) => rowsOf(page.locator(`.object[data-object=${object}] .difference`));
    assert.deepEqual(await difference("meta"), ["size.w|1|2", "age|4|none: extra"]);
    await page.evaluate(() => choose(17));
    assert.deepEqual(await difference("tags"), ['"red"|none: extra', '"blue"|none: extra']);
    assert.match(await page.locator(".object[data-object=meta]").innerText(), /Last claimed on line 16: false/);
    // The argument is that of the claim that is chosen.
    assert.match(await page.locator("#why h2").innerText(), /tags/);
  });
  const header = '{"trace":"rejoin/1","replicas":["a"],"objects":{"m":{"type":"lww-map"}}}';
  const put = (at) => JSON.stringify({ event: "op", replica: "a", object: "m", op: "put", key: `key_${at}`, value: "v".repeat(40) + at, timestamp: at });
  const value = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`key_${at}`, "v".repeat(40) + at]));
  value.key_7 = "v".repeat(40) + "x";
  const read = JSON.stringify({ event: "read", replica: "a", object: "m", value });
  await open(view(written([header, ...Array.from({ length: 200 }, (_, at) => put(at)), read].join("\n"))), async (page) => {
    const rows = await rowsOf(page.locator("#why .difference"));
    assert.equal(rows.length, 1);
    assert.match(rows[0], /^key_7\|…v+x"\|…v+7"$/);
    assert.deepEqual(await page.locator("#why .difference mark").allInnerTexts(), ["x", "7"]);
    assert.match(await page.locator("#why .difference").innerText(), /199 parts are the same/);
  });
});

test("exchanges stay when an object is asked for, and say what they brought of it", async () => {
  await open(view(written(apart)), async (page) => {
    await page.evaluate(() => choose(17));
    await page.locator("#wishes select[aria-label=Object]").selectOption({ label: "tags" });
    const shown = await page.locator(".row[data-line]").evaluateAll((rows) => rows.map((row) => [Number(row.dataset.line), row.classList.contains("beside")]));
    assert.deepEqual(shown, [[2, false], [3, false], [9, false], [10, false], [11, true], [12, false], [13, false], [14, true], [15, true], [17, false]]);
    const tags = (line) => page.locator(`#L${line} .tag`).allInnerTexts();
    assert.deepEqual(await tags(11), ["nothing new", "again"]);
    assert.ok((await tags(14)).includes("nothing new of tags"));
    assert.deepEqual(await tags(15), ["nothing new"]);
    await page.locator("#L10 .what").hover();
    await page.locator("#card table").waitFor();
    assert.match(await page.locator("#card").innerText(), /ben → ana: 3 operations new to ana, sent on line 9/);
    assert.deepEqual(await rowsOf(page.locator("#card")), ["tags|1|1|+1|0", "meta|1|1|+1|0", "count|1|0|+1|0"]);
    await page.locator("#L12 .what").hover();
    assert.ok(!(await page.locator("#card").isVisible()));
    await page.evaluate(() => choose(15));
    assert.match(await page.locator("#state .exchange").innerText(), /cleo → ben: brought nothing new/);
    await page.evaluate(() => choose(13));
    assert.deepEqual(await rowsOf(page.locator("#state .facts")), ["count|1", "talk|1"]);
  });
});

test("a message that holds less than its sender knows says what is still lacking, and a restore what is forgotten", async () => {
  const trace = lines(
    { trace: "rejoin/1", replicas: ["a", "b"], objects: { n: { type: "g-counter" }, m: { type: "g-counter" } } },
    { event: "op", replica: "a", object: "n", op: "increment" },
    { event: "op", replica: "a", object: "m", op: "increment" },
    { event: "merge", replica: "b", from: "a", objects: ["n"] },
    { event: "save", replica: "b", snapshot: "s" },
    { event: "op", replica: "b", object: "n", op: "increment" },
    { event: "restore", replica: "b", snapshot: "s" },
    { event: "op", replica: "b", object: "n", op: "increment" },
    { event: "read", replica: "b", object: "n", value: 2 },
  );
  await open(view(written(trace)), async (page) => {
    await page.evaluate(() => choose(4));
    assert.deepEqual(await rowsOf(page.locator("#state .facts")), ["n|1|0|+1|0", "m|1|0|0|1"]);
    const known = (line) => page.evaluate((line) => [...knownTo(1, line)], line);
    assert.deepEqual(await known(6), [1, 0, 1, 0]);
    assert.deepEqual(await known(7), [1, 0, 0, 0]);
    assert.deepEqual(await known(8), [1, 0, 0, 1]);
  });
});

test("what a trace holds is text, whatever it says", async () => {
  const name = "</script><img src=x onerror=document.title='run'>";
  const header = { trace: "rejoin/1", replicas: [name], objects: { [name]: { type: "or-set" } } };
  const add = { event: "op", replica: name, object: name, op: "add", element: name };
  const read = { event: "read", replica: name, object: name, value: [name, `${name}2`] };
  await open(view(written([header, add, read].map((line) => JSON.stringify(line)).join("\n"))), async (page) => {
    assert.equal(await page.locator("img").count(), 0);
    assert.notEqual(await page.title(), "run");
    assert.equal(await page.locator("#state .chips code").innerText(), name);
  });
});

test("claims are listed, and events are filtered by object and replica", async () => {
  const header = '{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"},"l":{"type":"log"}}}';
  const lines = [header,
    '{"event":"op","replica":"b","object":"n","op":"increment"}',
    '{"event":"op","replica":"b","object":"l","op":"append","entry":"x","timestamp":7}',
    '{"event":"read","replica":"a","object":"n","value":0}',
    '{"event":"merge","replica":"a","from":"b"}',
    '{"event":"merge","replica":"a","from":"b"}',
    '{"event":"read","replica":"a","object":"n","value":0}',
    '{"event":"read","replica":"a","object":"n","value":0}',
    '{"event":"read","replica":"a","object":"l","value":["x"]}'];
  await open(view(written(lines.join("\n"))), async (page) => {
    assert.match(await page.locator("#why .opening").first().innerText(), /n was right at a on line 4, 0, and is wrong on line 7/);
    assert.match(await page.locator("#why").innerText(), /all 3 claims on it follow if 2 receptions brought nothing/);
    assert.match(await page.locator(".pattern summary").innerText(), /n went wrong 1 time, with 2 false claims/);
    await page.locator("#claims summary").click();
    assert.deepEqual(await page.locator("#claims tbody td:nth-child(2)").allInnerTexts(), ["right", "false", "false", "right"]);
    await page.locator("#claims select[aria-label=Object]").selectOption({ label: "l" });
    assert.deepEqual(await page.locator("#claims tbody td:nth-child(1)").allInnerTexts(), ["9"]);
    await page.evaluate(() => choose(9));
    await page.locator("#wishes select[aria-label=Object]").selectOption({ label: "l" });
    const shown = await page.locator(".row[data-line]").evaluateAll((rows) => rows.map((row) => Number(row.dataset.line)));
    assert.ok(shown.includes(3) && shown.includes(5) && shown.includes(9) && !shown.includes(7), String(shown));
    await page.evaluate(() => choose(5));
    const state = await page.locator("#state").innerText();
    assert.match(state, /a: 1 answer of n changed/);
    assert.match(state, /line 3 at 7/);
  });
});

test("a claim of convergence has the replicas side by side, and where what one lacks did not get on", async () => {
  const trace = lines(
    { trace: "rejoin/1", replicas: ["a", "b", "c"], objects: { s: { type: "or-set" }, n: { type: "g-counter" }, m: { type: "lww-map" } } },
    { event: "op", replica: "b", object: "s", op: "add", element: "x" },
    { event: "sync", replicas: ["b", "c"] },
    { event: "converged", replicas: ["b", "c"] },
    { event: "op", replica: "b", object: "n", op: "increment" },
    { event: "op", replica: "c", object: "m", op: "put", key: "k", value: [1], timestamp: 4 },
    { event: "op", replica: "c", object: "s", op: "add", element: "y" },
    { event: "send", replica: "c", message: "m1", to: "b" },
    { event: "converged", replicas: ["c", "b"] },
  );
  await open(view(written(trace)), async (page) => {
    const why = await page.locator("#why").innerText();
    assert.match(why, /c, b were equal on line 4, and are not on line 9/);
    assert.match(why, /b lacks: y was added on line 7 at c/);
    assert.match(why, /line 8: c sent message m1 after it; nobody received that/);
    assert.equal(await page.evaluate(() => view.replica), 2);
    assert.deepEqual(await rowsOf(page.locator("#state .together")), ["s: y|present|absent", "n|0|1", "m: k|[1]|absent"]);
    await page.evaluate(() => choose(4));
    assert.match(await page.locator("#state .together").innerText(), /they hold the same/);
    // A replica of the claim stays chosen, also where it is not the first of them.
    const stays = (line, replica, next) => page.evaluate(([line, replica, next]) => { choose(line, replica); choose(next); return view.replica; }, [line, replica, next]);
    assert.deepEqual([await stays(9, 2, 4), await stays(4, 1, 9), await stays(8, 0, 4), await stays(8, 0, 9)], [2, 1, 1, 2]);
  });
});

test("a log in the wrong order says of each entry where it stands, and no button is for nothing", async () => {
  const append = (entry, timestamp) => ({ event: "op", replica: "a", object: "l", op: "append", entry, timestamp });
  const trace = lines(
    { trace: "rejoin/1", replicas: ["a", "b"], objects: { l: { type: "log" }, n: { type: "g-counter" }, m: { type: "lww-map" } } },
    ...[1, 2, 3, 4, 5, 6].map((number) => append(`this is entry number ${number}`, number)),
    { event: "op", replica: "a", object: "n", op: "increment" },
    { event: "merge", replica: "b", from: "a" },
    { event: "op", replica: "a", object: "m", op: "put", key: "k", value: 1, timestamp: 9 },
    { event: "op", replica: "a", object: "m", op: "put", key: "k", value: 2, timestamp: 3 },
    { event: "read", replica: "a", object: "l", value: [3, 1, 2, 5, 6, 4].map((number) => `this is entry number ${number}`) },
    { event: "read", replica: "b", object: "n", value: 0 },
    { event: "read", replica: "b", object: "n", value: 0 },
    { event: "read", replica: "a", object: "m", value: { k: 2 } },
  );
  await open(view(written(trace)), async (page) => {
    assert.deepEqual(await rowsOf(page.locator("#why .difference")), [
      '"this is entry number 3"|place 1 of 6, first|place 3 of 6, after "this is entry number 2"',
      '"this is entry number 4"|place 6 of 6, after "this is entry number 6"|place 4 of 6, after "this is entry number 3"',
    ]);
    await page.locator("#claims summary").click();
    for (const line of [2, 9, 12, 13, 15]) {
      await page.evaluate((line) => choose(line), line);
      const idle = await page.locator("button").evaluateAll((buttons) => buttons.map((button) => button.textContent).filter((text) => /^0 /.test(text)));
      assert.deepEqual(idle, []);
    }
  });
});

test("a finding names the receptions that are lost in every minimal explanation, and the warnings on it", async () => {
  const put = (key, value, timestamp) => ({ event: "op", replica: "a", object: "m", op: "put", key, value, timestamp });
  const merge = { event: "merge", replica: "b", from: "a" };
  const trace = lines(
    { trace: "rejoin/1", replicas: ["a", "b"], objects: { n: { type: "g-counter" }, m: { type: "lww-map" } } },
    { event: "op", replica: "a", object: "n", op: "increment" },
    put("z", 1, 9), put("k", 1, 9), put("k", 2, 3),
    { event: "read", replica: "b", object: "n", value: 0 },
    merge, merge,
    { event: "read", replica: "b", object: "n", value: 0 },
    { event: "read", replica: "b", object: "n", value: 0 },
    { event: "read", replica: "a", object: "m", value: { k: 2, z: 1 } },
  );
  await open(view(written(trace)), async (page) => {
    const why = await page.locator("#why").innerText();
    assert.match(why, /all 3 claims on it follow if 2 receptions brought nothing of it, and not if fewer did:\s+lost in every minimal explanation: line 7 \(b: merge from a\), line 8 \(b: merge from a\)/);
    assert.doesNotMatch(why, /\b0 receptions/);
    await page.evaluate(() => choose(11));
    assert.match(await page.locator("#why").innerText(), /Warnings on it\s+1 warning so far is on what is wrong here \(clock-regression\), on line 5/);
  });
});

test("numbers keep all their digits", async () => {
  const header = '{"trace":"rejoin/1","replicas":["a"],"objects":{"r":{"type":"lww-register"}}}';
  const write = '{"event":"op","replica":"a","object":"r","op":"write","value":18446744073709551615,"timestamp":9007199254740993}';
  await open(view(written(`${header}\n${write}\n`)), async (page) => {
    await page.keyboard.press("ArrowDown");
    assert.match(await page.locator(".row.chosen").innerText(), /18446744073709551615.*9007199254740993/);
    assert.equal(await page.locator("#state .whole").innerText(), "18446744073709551615");
  });
});

test("the printed page has the argument and its events", async () => {
  const printed = await open(view(rejected), async (page) => {
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    assert.ok(!(await page.locator(".tools").isVisible()));
    assert.ok(await page.locator("#why").isVisible());
    return page.pdf();
  });
  assert.ok(printed.length > 10_000);
});

test("only what is in sight is in the page, and all of 100,000 events can be reached", async () => {
  const trace = written(history({ events: 100_000, isWrong: true, seed: 3 }));
  await open(view(trace), async (page) => {
    await page.evaluate(() => showMode("all"));
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      const [first, count, sight] = await page.evaluate(async (part) => {
        const scroll = document.getElementById("scroll");
        scroll.scrollTop = part * (scroll.scrollHeight - scroll.clientHeight);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const shown = [...document.querySelectorAll(".row")];
        return [Number(shown[0].dataset.line), shown.length, Math.floor(scroll.scrollTop / ROW) + 2];
      }, part);
      assert.ok(count < 200, `${count} rows at once`);
      assert.ok(first <= sight && sight <= first + count, `${first} ${sight}`);
    }
    // Of the many operations on an object those come first that the line is about; the others can be asked for.
    await page.evaluate(() => choose(lastLine));
    const grounds = page.locator(".object[data-object=approved] .grounds");
    const total = await page.evaluate(() => operationsOn(0, lastLine).length);
    const listed = async () => [await grounds.locator("tbody tr").count(), await grounds.locator("button").innerText()];
    const rest = (number) => `${(total - number).toLocaleString("en")} more`;
    assert.ok(total > 10_000);
    assert.deepEqual(await listed(), [24, rest(24)]);
    await grounds.locator("button").click();
    assert.deepEqual(await listed(), [224, rest(224)]);
    await grounds.locator("button").click();
    assert.deepEqual(await listed(), [424, rest(424)]);
  });
});

test("the index of a folder leads to a page for each trace", async () => {
  const traces = join(root, "mutants/traces"), pages = join(folder, "pages");
  const run = spawnSync(oracle, ["view", traces, "-o", pages]);
  assert.equal(run.status, 1, String(run.stderr));
  const page = await browser.newPage();
  const wrong = [];
  page.on("console", (message) => wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  await page.goto(`file://${join(pages, "index.html")}`);
  const names = readdirSync(traces).filter((name) => name.endsWith(".jsonl")).sort();
  assert.deepEqual(await page.locator("tbody a").allTextContents(), names);
  await page.locator("tr", { has: page.locator(".bad") }).first().locator("a").click();
  await page.waitForSelector('html[data-filled="all"]');
  assert.match(await page.locator("#verdict").textContent(), /false/);
  assert.deepEqual(wrong, []);
  await page.close();
});

test("screenshots, where they are wanted", { skip: !process.env.SHOTS }, async () => {
  mkdirSync(process.env.SHOTS, { recursive: true });
  const file = view(written(history({ events: 1000, isWrong: true })));
  for (const width of [390, 900, 1600]) {
    for (const colorScheme of ["light", "dark"]) {
      await open(file, async (page) => {
        await page.screenshot({ path: join(process.env.SHOTS, `argument-${width}-${colorScheme}.png`), fullPage: width < 700 });
        await page.evaluate(() => showMode("all"));
        await page.screenshot({ path: join(process.env.SHOTS, `all-${width}-${colorScheme}.png`) });
      }, { viewport: { width, height: 900 }, colorScheme });
    }
  }
});
