import { attempt, base, byId, clockText, control, copy, make, say, timeText, unsay } from './common.js';
import { beginFaults, showFaults } from './faults.js';
import { beginMarkets, refreshMarket } from './markets.js';
import { asCurl, asPython } from './snippets.js';
import { beginWorldPanels } from './worlds.js';

const SPEEDS = ['0', '0.1', '1', '10', '60', '600', '3600', '100000'];
const WORDS = ['frozen', '0.1×', '1× (real)', '10×', '60× (an hour a minute)', '600×', '3,600× (an hour a second)', '100,000×'];
const MOST_ROWS = 200;
const LOOK_MS = 5000; // how often what nobody tells of is read again
const said = byId('said');

// --- The clock --------------------------------------------------------------------------------

let face = null;
let faceAt = 0;

function showClock(next) {
  face = next;
  faceAt = performance.now();
  const nearest = SPEEDS.findLastIndex((speed) => Number(speed) <= Number(face.speed));
  byId('speed').value = nearest;
  byId('speed').setAttribute('aria-valuetext', WORDS[nearest]);
  byId('pace').textContent = Number(SPEEDS[nearest]) === Number(face.speed) ? WORDS[nearest] : `${Number(face.speed)}×`;
  byId('mode').textContent = face.mode;
  tick();
}

function tick() {
  if (face) byId('clock').textContent = `${timeText(face.now + (performance.now() - faceAt) * Number(face.speed))} UTC`;
}

setInterval(tick, 250);
byId('speed').addEventListener('input', () => { byId('pace').textContent = WORDS[byId('speed').value]; });
byId('speed').addEventListener('change', () => attempt(said, async () => {
  showClock(await control('PUT', 'clock', { speed: SPEEDS[byId('speed').value] }));
  say(said, `The clock goes ${WORDS[byId('speed').value]}.`);
}));
byId('advance').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, async () => {
    say(said, 'Setting forward …');
    showClock(await control('POST', 'clock/advance', { by: byId('by').value.trim() }));
    say(said, `It is ${timeText(face.now)} UTC now.`);
  }, byId('forward'));
});

// --- The market -------------------------------------------------------------------------------

let presets = [];

function showMarket(market) {
  presets = market.presets;
  byId('preset').replaceChildren(...presets.map((row) => make('option', { value: row.name, text: row.name })));
  byId('preset').value = market.preset;
  about();
}

const about = () => { byId('preset-about').textContent = presets.find((row) => row.name === byId('preset').value)?.about ?? ''; };
byId('preset').addEventListener('change', about);
byId('market').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, async () => {
    showMarket(await control('PUT', 'market/preset', { preset: byId('preset').value }));
    say(said, `The market is ${byId('preset').value} now.`);
  }, byId('play'));
});

// --- Requests ---------------------------------------------------------------------------------

let accounts = [];
let newest = 0; // number of the last refusal that is shown
let pending = []; // rows for the next frame
let fetching = false;

function rowOf(row) {
  const refused = row.code !== undefined;
  const text = make('td', {}, make('div', { text: row.operation || `${row.method} ${row.path}` }));
  if (row.asked) text.append(make('div', { class: 'mono soft', text: row.asked }));
  const answer = make('td', {}, make('div', { text: refused ? `${row.status} · ${row.code}: ${row.msg}` : `${row.status} · ${(row.tookUs / 1000).toFixed(1)} ms` }));
  if (refused) {
    if (row.reason !== row.msg) answer.append(make('p', { class: 'reason', text: row.reason }));
    if (Object.keys(row.details ?? {}).length) {
      answer.append(make('details', {}, make('summary', { class: 'soft', text: 'Details' }), make('pre', { class: 'scroll', text: JSON.stringify(row.details, null, 2) })));
    }
  }
  const acts = make('td', { class: 'acts' });
  if (row.operation?.includes(' /')) {
    for (const [name, maker] of [['curl', asCurl], ['Python', asPython]]) {
      const button = make('button', { class: 'small', type: 'button', text: name, 'aria-label': `Copy as ${name}` });
      button.addEventListener('click', () => attempt(said, async () => {
        const kinds = new Map((await control('GET', 'keys')).map((key) => [key.apiKey, key.type]));
        await copy(maker(row, accounts, kinds, location.origin + base), button);
      }));
      acts.append(button, ' ');
    }
  }
  return make('tr', { class: refused ? 'refused' : 'fine' }, make('td', { text: clockText(row.at) }), make('td', { text: row.account ?? '–' }), text, answer, acts);
}

function flush() {
  const rows = pending.splice(0).slice(-MOST_ROWS);
  const body = byId('rows');
  body.prepend(...rows.reverse().map(rowOf));
  while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
  byId('no-rows').hidden = body.rows.length > 0;
}

function add(row) {
  if (byId('hold').checked || (byId('only').checked && row.code === undefined)) return;
  if (!pending.length) requestAnimationFrame(flush);
  pending.push(row);
  if (pending.length > MOST_ROWS) pending.shift();
}

async function fetchRefused() {
  if (fetching) return;
  fetching = true;
  try {
    const kept = await control('GET', 'requests', { limit: 1 });
    if (!kept.length || kept.at(-1).number < newest) newest = 0; // another server, counting anew
    for (const row of await control('GET', 'requests', { after: newest, limit: 100 })) {
      newest = row.number;
      add(row);
    }
  } finally {
    fetching = false;
  }
}

function follow() {
  const source = new EventSource(`${base}/_tradepit/v1/events?kinds=${encodeURIComponent('["request","refused"]')}`);
  source.onopen = () => {
    byId('following').textContent = 'live';
    unsay(said);
    fetchRefused().catch(() => {});
  };
  source.onerror = () => { byId('following').textContent = 'connecting again …'; };
  source.addEventListener('request', (event) => add(JSON.parse(event.data)));
  source.addEventListener('refused', () => setTimeout(() => fetchRefused().catch(() => {}), 100));
}

byId('only').addEventListener('change', () => { for (const row of [...byId('rows').querySelectorAll('.fine')]) row.hidden = byId('only').checked; });

// --- Beginning --------------------------------------------------------------------------------

async function look() {
  showClock(await control('GET', 'clock'));
  await showFaults();
  await refreshMarket();
}

addEventListener('world-changed', () => attempt(said, async () => {
  showMarket(await control('GET', 'market/preset'));
  await look();
}));

attempt(said, async () => {
  const info = await control('GET', 'info');
  accounts = info.accounts;
  byId('about').textContent = `${info.world} · seed ${info.seed} · ${info.version}`;
  showClock(await control('GET', 'clock'));
  showMarket(await control('GET', 'market/preset'));
  await beginFaults();
  await beginMarkets();
  await beginWorldPanels(presets);
  await fetchRefused();
  follow();
  setInterval(async () => {
    if (document.hidden) return;
    try { await look(); } catch { byId('following').textContent = 'the server does not answer'; }
  }, LOOK_MS);
});
