// Worlds and their snapshots on the control page.

import { attempt, byId, control, make, say, sizeText, timeText, twice } from './common.js';
import { beginWorlds, isHere, pageIn } from './worldpicker.js';

const MOST_DIFFERENCES = 200;
const said = byId('said');
const cell = (text, kind) => make('td', { class: kind, text });
const small = (text, label) => make('button', { class: 'small', type: 'button', text, 'aria-label': label });

// --- Worlds -----------------------------------------------------------------------------------

let rows = [];
const here = () => rows.find(isHere) ?? rows[0];

async function showWorlds() {
  rows = await control('GET', 'worlds');
  byId('worlds').replaceChildren(...rows.map((row) => {
    const acts = make('td', { class: 'acts' });
    if (!isHere(row) && !row.closed) acts.append(make('a', { href: pageIn(row), text: 'Go there', 'aria-label': `Go to ${row.name}` }), ' ');
    if (!row.first) {
      const button = small('Delete', `Delete ${row.name}`);
      twice(button, () => attempt(said, () => end(row), button));
      acts.append(button);
    }
    const name = make('td', { class: 'long' }, isHere(row) ? make('strong', { text: row.name, 'aria-current': 'true' }) : row.name);
    if (row.closed) name.append(make('div', { class: 'sell', text: row.closed }));
    return make('tr', {}, name, cell(row.market), cell(timeText(row.now)), cell(row.commands.toLocaleString('en'), 'num'), acts);
  }));
  byId('here').textContent = here().name;
  await beginWorlds();
}

async function end(row) {
  const left = isHere(row);
  await control('DELETE', 'worlds', { name: row.name });
  if (left) { location.assign(pageIn(rows.find((one) => one.first))); return; }
  say(said, `The world ${row.name} is gone.`);
  await showWorlds();
}

byId('birth').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, async () => {
    const ask = { name: byId('world-name').value.trim() };
    for (const [field, name] of [['world-market', 'market'], ['world-seed', 'seed']]) {
      if (byId(field).value.trim()) ask[name] = byId(field).value.trim();
    }
    const made = await control('POST', 'worlds', ask);
    byId('world-name').value = byId('world-seed').value = '';
    say(said, `The world ${made.name} is served at ${new URL(made.url).pathname}.`);
    await showWorlds();
  }, byId('bear'));
});

// --- Snapshots, and ways back -----------------------------------------------------------------

async function showSnapshots() {
  const saved = await control('GET', 'snapshots');
  byId('no-snapshots').hidden = saved.length > 0;
  byId('snapshots').replaceChildren(...saved.map((row) => {
    const [load, compare, drop] = [small('Load', `Load ${row.name}`), small('Compare', `Compare ${row.name} with now`), small('Delete', `Delete the snapshot ${row.name}`)];
    load.disabled = Boolean(row.unusable);
    twice(load, () => attempt(said, async () => back(await control('POST', 'snapshots/load', { name: row.name }), `goes on from ${row.name}`), load));
    compare.addEventListener('click', () => attempt(said, async () => showDifferences(await control('GET', 'snapshots/diff', { before: row.name, limit: MOST_DIFFERENCES })), compare));
    twice(drop, () => attempt(said, async () => {
      await control('DELETE', 'snapshots', { name: row.name });
      await showSnapshots();
    }, drop));
    const name = make('td', { class: 'long' }, row.name);
    if (row.unusable) name.append(make('div', { class: 'sell', text: row.unusable }));
    return make('tr', {}, name, cell(timeText(row.now)), cell(sizeText(row.size), 'num'), make('td', { class: 'acts' }, load, ' ', compare, ' ', drop));
  }));
}

function showDifferences(found) {
  const shown = found.differences.length;
  byId('differences').hidden = false;
  byId('differences-title').textContent = found.count === 0
    ? `Nothing is different between ${found.before} and ${found.after}.`
    : `${found.count} different between ${found.before} and ${found.after}${shown < found.count ? `, the first ${shown}` : ''}`;
  byId('differences-table').hidden = found.count === 0;
  byId('differences-rows').replaceChildren(...found.differences.map((row) => make('tr', {},
    cell([row.what, row.whose, row.which].filter(Boolean).join(' · ')), cell(row.before ?? '–', 'mono'), cell(row.after ?? '–', 'mono'))));
}

async function back(world, words) {
  say(said, `The world ${words}. It is ${timeText(world.now)} UTC there.`);
  byId('differences').hidden = true;
  await Promise.all([showWorlds(), showSnapshots()]);
  dispatchEvent(new Event('world-changed'));
}

byId('keep').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, async () => {
    const row = await control('POST', 'snapshots', { name: byId('snapshot-name').value.trim() });
    byId('snapshot-name').value = '';
    say(said, `Saved as ${row.name}, ${sizeText(row.size)}.`);
    await showSnapshots();
  }, byId('save'));
});

byId('return').addEventListener('submit', (event) => event.preventDefault());
twice(byId('rewind'), () => attempt(said, async () => {
  const by = byId('back-by').value.trim();
  await back(await control('POST', 'worlds/rewind', { by }), `is back by ${by}`);
}, byId('rewind')));
twice(byId('reset'), () => attempt(said, async () => back(await control('POST', 'worlds/reset'), 'is born again'), byId('reset')));
byId('branch').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, async () => {
    const made = await control('POST', 'worlds/fork', { name: byId('fork-name').value.trim() });
    byId('fork-name').value = '';
    say(said, `The world ${made.name} has this one’s past.`);
    await showWorlds();
  }, byId('fork'));
});

export async function beginWorldPanels(presets) {
  byId('world-market').append(...presets.map((row) => make('option', { value: row.name, text: row.name })));
  await Promise.all([showWorlds(), showSnapshots()]);
}
