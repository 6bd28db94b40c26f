// The style and the script of the HTML report: no network, no fonts, no library.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/report_html.h"

namespace throwsplit::fuzz {

// On narrow screens a row becomes a block and names its thread; columns need width.
const char* const kPageStyle = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #8b949e;
  --rule: #d8dee4; --bad: #b3261e; --bad-paper: #fdecea; --pick: #fff3bf;
  --wake: #1a7f37; --handoff: #8250df; --ready: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #7d8590;
  --rule: #30363d; --bad: #ff7b72; --bad-paper: #3c1618; --pick: #4d3d00;
  --wake: #3fb950; --handoff: #bc8cff; --ready: #58a6ff; } }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.4 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
header, #controls, main, details, aside, #left-out { padding: 8px 14px; margin: 0; }
header.finding { background: var(--bad-paper); border-bottom: 3px solid var(--bad); }
header h1 { font-size: 18px; margin: 4px 0; overflow-wrap: anywhere; }
header.finding h1 { color: var(--bad); }
header p { margin: 2px 0; }
pre { margin: 6px 0; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 12px/1.4 ui-monospace, monospace; }
#controls { position: sticky; top: 0; z-index: 3; background: var(--paper);
  border-bottom: 1px solid var(--rule); display: flex; flex-wrap: wrap; gap: 6px 14px;
  align-items: center; }
#controls input[type=search] { font: inherit; padding: 4px 8px; min-width: 12em; flex: 1 1 12em;
  max-width: 26em; }
button { font: inherit; padding: 4px 12px; }
main { position: relative; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { text-align: left; border-bottom: 2px solid var(--rule); padding: 2px 8px; }
th:nth-child(1), td:nth-child(1) { width: 5em; text-align: right; color: var(--faint); }
th:nth-child(2), td:nth-child(2) { width: 7.5em; text-align: right; color: var(--faint); }
td { padding: 2px 8px; vertical-align: top; overflow-wrap: anywhere; }
td.quiet, td.said { border-left: 1px solid var(--rule); }
.who { display: none; }
tr.line { cursor: pointer; }
tr.line:hover, tr.picked { background: var(--pick); }
tr.broken td.said { background: var(--bad-paper); outline: 2px solid var(--bad); }
tr.broken em { display: block; color: var(--bad); font-weight: 600; }
body:not(.all) .detail, .out { display: none; }
tr.detail td.said span { color: var(--faint); }
#over { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
#over path { fill: none; stroke-width: 1.6; opacity: .75; }
#over .head { stroke: none; }
#over .moved { stroke-dasharray: 5 4; }
#picked:empty { display: none; }
#picked { position: sticky; bottom: 0; z-index: 3; background: var(--pick);
  border-top: 1px solid var(--rule); }
summary { font-weight: 600; cursor: pointer; }
@media (max-width: 640px) {
  table, tbody { display: block; } thead, td.quiet, #over { display: none; }
  tr.line { display: flex; flex-wrap: wrap; gap: 0 8px; padding: 5px 0;
    border-bottom: 1px solid var(--rule); }
  body:not(.all) tr.detail, tr.line.out { display: none; }
  td.said { flex: 1 1 100%; border: 0; }
  td:nth-child(1), td:nth-child(2) { width: auto; text-align: left; padding: 0 2px; }
  .who { display: inline-block; min-width: 4em; color: var(--ready); }
}
)css";

const char* const kPageScript = R"js(
const $ = (id) => document.getElementById(id);
const rows = [...document.querySelectorAll('#timeline tbody tr')];
const rowOf = new Map(rows.map((row) => [Number(row.dataset.line), row]));
const SVG = 'http://www.w3.org/2000/svg';
let picked = null;

const isShown = (row) => row && row.offsetParent !== null && !row.classList.contains('out');

function filter() {
  document.body.classList.toggle('all', $('all').checked);
  const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const hidden = new Set([...document.querySelectorAll('.agent')].filter((box) => !box.checked)
    .map((box) => box.dataset.agent));
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const fits = !hidden.has(row.dataset.agent) && words.every((word) => text.includes(word));
    row.classList.toggle('out', !fits);
  }
  draw();
}

function cell(row) { return row.querySelector('td.said').getBoundingClientRect(); }

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  $('over').append(made);
}

// Where an arrow's end is drawn. For a line that is hidden, or not in this page, stands the nearest
// one of its thread that is shown: before it where the arrow begins, behind it where it ends, so
// that no arrow points back in time. Null if there is none.
function anchor(line, agent, shown, step) {
  const mine = shown.filter((row) => Number(row.dataset.agent) === agent);
  if (step > 0) return mine.find((row) => Number(row.dataset.line) >= line) ?? null;
  return mine.findLast((row) => Number(row.dataset.line) <= line) ?? null;
}

function point(x, y, right, kind) {
  const back = right ? -7 : 7;
  shape('path', {d: `M${x},${y} l${back},-4 l0,8 z`, class: 'head', style: `fill:var(--${kind})`});
}

// From the edge of the one cell to the edge of the other, bent so that the arrow passes beside the
// words between them. Dashed: an end stands for a hidden line. Cut short: its thread has no line
// that is shown there.
function draw() {
  $('over').replaceChildren();
  if (!$('arrows').checked) return;
  const base = $('over').getBoundingClientRect();
  const shown = rows.filter(isShown);
  const plans = ARROWS.map((arrow) => {
    const from = anchor(arrow.from, arrow.fromAgent, shown, -1);
    const to = anchor(arrow.to, arrow.toAgent, shown, 1);
    const moved = from !== rowOf.get(arrow.from) || to !== rowOf.get(arrow.to);
    return {arrow, from, to, moved};
  }).filter((plan) => plan.from || plan.to);
  // Of several that would be drawn alike one is enough: the one whose ends are its own.
  plans.sort((a, b) => a.moved - b.moved);
  const drawn = new Set();
  for (const {arrow, from, to, moved} of plans) {
    const alike = `${from?.dataset.line} ${to?.dataset.line} ${arrow.kind}`;
    if (drawn.has(alike)) continue;
    drawn.add(alike);
    const about = {class: moved ? 'moved' : '', style: `stroke:var(--${arrow.kind})`,
      'data-kind': arrow.kind, 'data-from': arrow.from, 'data-to': arrow.to,
      'data-drawn-from': from?.dataset.line ?? '', 'data-drawn-to': to?.dataset.line ?? ''};
    if (!from || !to) {
      const box = cell(from ?? to);
      const y = box.top + box.height / 2 - base.top;
      const x = (from ? box.right - 22 : box.left + 1) - base.left;
      shape('path', {...about, class: 'moved stub',
        d: from ? `M${x},${y} h16` : `M${x - 14},${y} h14`});
      point(from ? x + 20 : x, y, true, arrow.kind);
      continue;
    }
    const a = cell(from), b = cell(to);
    const right = b.left >= a.left;
    const x1 = (right ? a.right - 6 : a.left + 3) - base.left;
    const x2 = (right ? b.left + 1 : b.right - 4) - base.left;
    const y1 = a.top + a.height / 2 - base.top, y2 = b.top + Math.min(10, b.height / 2) - base.top;
    const bend = (right ? 1 : -1) * Math.max(24, Math.abs(x2 - x1) / 2);
    shape('path', {...about, d: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`});
    point(x2, y2, right, arrow.kind);
  }
}

// Shows a line and what it made go on, or what made it go on.
function pick(row) {
  if (picked) picked.classList.remove('picked');
  picked = row;
  if (!row) return;
  row.classList.add('picked');
  row.scrollIntoView({block: 'nearest'});
  const line = Number(row.dataset.line);
  const said = (other) => {
    const there = rowOf.get(other);
    if (!there) return 'a step that is not in this page';
    return `step ${there.cells[0].textContent}, ${there.querySelector('.said').textContent}` +
      (isShown(there) ? '' : ' (hidden)');
  };
  const parts = [`step ${row.cells[0].textContent}, at ${row.cells[1].textContent}: ` +
    row.querySelector('.said').textContent];
  for (const arrow of ARROWS) {
    if (arrow.from === line) parts.push(`${arrow.kind} -> ${said(arrow.to)}`);
    if (arrow.to === line) parts.push(`${arrow.kind} <- ${said(arrow.from)}`);
  }
  $('picked').replaceChildren(...parts.map((part) => {
    const made = document.createElement('div');
    made.textContent = part;
    return made;
  }));
}

function walk(by) {
  const shown = rows.filter(isShown);
  const at = shown.indexOf(picked);
  const next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by;
  if (shown[next]) pick(shown[next]);
}

for (const row of rows) row.addEventListener('click', () => pick(row));
$('next').addEventListener('click', () => walk(1));
$('previous').addEventListener('click', () => walk(-1));
$('filter').addEventListener('input', filter);
for (const box of document.querySelectorAll('#controls input[type=checkbox]')) {
  box.addEventListener('change', filter);
}
document.addEventListener('keydown', (event) => {
  if (event.target === $('filter')) return;
  if (event.key === 'j' || event.key === 'ArrowDown') { walk(1); event.preventDefault(); }
  if (event.key === 'k' || event.key === 'ArrowUp') { walk(-1); event.preventDefault(); }
});
addEventListener('resize', draw);
addEventListener('load', filter);
filter();
)js";

}  // namespace throwsplit::fuzz
