// Faults on the control page: armed, counted, disarmed.

import { attempt, byId, control, make, say } from './common.js';

const said = byId('said');
// What rules of some kinds can be told besides: what it is called, and an example of it.
const FIELDS = {
  symbol: ['Symbol (empty: any)', 'BTCUSDT'],
  delay: ['Delay', '250ms'],
  delayUpTo: ['Delay at most', '1s'],
  lag: ['Reads lag by a time', '500ms'],
  behind: ['… or by commands', '100'],
  lasts: ['Lasts (empty: until disarmed)', '10m'],
  fills: ['Portions, and when', '0.25@0s,0.75@2s'],
};
let kinds = new Map();

const kindOf = () => kinds.get(byId('kind').value);
const fieldOf = (name) => byId(`fault-${name}`);

export async function showFaults() {
  const rows = await control('GET', 'faults');
  byId('no-faults').hidden = rows.length > 0;
  byId('disarm-all').disabled = !rows.length;
  byId('faults').replaceChildren(...rows.map((row) => {
    const button = make('button', { class: 'small', type: 'button', text: 'Disarm', 'aria-label': `Disarm rule ${row.number}` });
    button.addEventListener('click', () => attempt(said, async () => {
      await control('DELETE', 'faults', { number: row.number });
      say(said, `Rule ${row.number} is disarmed.`);
      await showFaults();
    }, button));
    const about = [row.operation || row.stream || 'any', row.symbol].filter(Boolean).join(' of ');
    return make('tr', {}, make('td', { text: row.number }), make('td', { text: row.kind }),
      make('td', { class: 'long', text: about }), make('td', { class: 'long', text: row.account || 'any' }),
      make('td', { class: 'num', text: row.seen }), make('td', { class: 'num', text: row.times ? `${row.hit} of ${row.times}` : row.hit }), make('td', {}, button));
  }));
}

// The fields that this kind has a use for; what must be given begins with its example.
function fit() {
  const { about, takes, needs } = kindOf();
  byId('target-label').textContent = about === 'streams' ? 'Stream (empty: any)' : 'Operation (empty: any)';
  byId('target').placeholder = about === 'streams' ? 'btcusdt@depth*' : 'POST /api/v3/order';
  byId('fault-own').replaceChildren(...Object.entries(FIELDS).filter(([name]) => takes.includes(name)).map(([name, [label, example]]) => {
    const id = `fault-${name}`;
    const must = needs.includes(name);
    return make('div', { class: 'grow' }, make('label', { for: id, text: label }),
      make('input', { id, autocomplete: 'off', spellcheck: 'false', placeholder: example, required: must, value: must ? example : '' }));
  }));
  byId('now').checked = false;
  byId('now-field').hidden = !takes.includes('now');
}

async function arm() {
  const { kind, about, takes } = kindOf();
  const ask = { kind, times: byId('times').value.trim(), probability: byId('chance').value.trim() };
  const target = byId('target').value.trim();
  if (target) ask[about === 'streams' ? 'stream' : 'operation'] = target;
  if (byId('who').value.trim()) ask.account = byId('who').value.trim();
  for (const name of Object.keys(FIELDS)) {
    const value = takes.includes(name) ? fieldOf(name).value.trim() : '';
    if (value) ask[name] = value;
  }
  if (byId('now').checked) ask.now = true;
  const rule = await control('POST', 'faults', ask);
  say(said, byId('now').checked ? `${kind} struck.` : `Rule ${rule.number} is armed.`);
  await showFaults();
}

byId('kind').addEventListener('change', fit);
byId('fault').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, arm, byId('arm'));
});
byId('disarm-all').addEventListener('click', () => attempt(said, async () => {
  await control('DELETE', 'faults', { all: true });
  say(said, 'Nothing is armed.');
  await showFaults();
}, byId('disarm-all')));

export async function beginFaults() {
  kinds = new Map((await control('GET', 'faults/kinds')).map((row) => [row.kind, row]));
  for (const aim of ['requests', 'streams']) {
    const group = make('optgroup', { label: aim });
    for (const row of kinds.values()) if (row.about === aim) group.append(make('option', { value: row.kind, text: row.kind }));
    byId('kind').append(group);
  }
  fit();
  await showFaults();
}
