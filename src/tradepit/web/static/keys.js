import { attempt, byId, control, copy, download, make, say, timeText, twice } from './common.js';
import { beginWorlds } from './worldpicker.js';

const PERMISSIONS = ['USER_DATA', 'TRADE', 'USER_STREAM', 'WITHDRAW', 'TRANSFER', 'MARGIN', 'FUTURES'];
const said = byId('said');
let privateKey = ''; // of a pair made here, until the key is registered

byId('permissions').append(...PERMISSIONS.map((name) => make(
  'label', { class: 'choice' }, make('input', { type: 'checkbox', value: name, checked: true }), ' ' + name,
)));
const typeOf = () => document.querySelector('input[name=type]:checked').value;

for (const radio of document.querySelectorAll('input[name=type]')) {
  radio.addEventListener('change', () => {
    byId('public').hidden = typeOf() === 'HMAC';
    byId('pem').value = privateKey = '';
  });
}
byId('pem').addEventListener('input', () => { privateKey = ''; });

const pemOf = (kind, buffer) => {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/(.{64})/g, '$1\n').trim();
  return `-----BEGIN ${kind} KEY-----\n${text}\n-----END ${kind} KEY-----\n`;
};

byId('generate').addEventListener('click', () => attempt(said, async () => {
  if (!crypto.subtle) throw new Error('This browser makes keys only on https or on the machine itself.');
  const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
  const pair = await crypto.subtle.generateKey(typeOf() === 'RSA' ? rsa : { name: 'Ed25519' }, true, ['sign', 'verify']);
  byId('pem').value = pemOf('PUBLIC', await crypto.subtle.exportKey('spki', pair.publicKey));
  privateKey = pemOf('PRIVATE', await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  say(said, 'A pair is made. Create the key to see its private half, once.');
}, byId('generate')));

byId('new').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, register, byId('create'));
});

async function register() {
  say(said, '');
  const ask = {
    account: byId('account').value.trim(), open: true, type: typeOf(),
    permissions: [...document.querySelectorAll('#permissions input:checked')].map((box) => box.value),
  };
  const [label, ips] = [byId('label').value.trim(), byId('ips').value.split(/[\s,]+/).filter(Boolean)];
  if (label) ask.label = label;
  if (ips.length) ask.ips = ips;
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(ask.account)) {
    throw new Error('An account’s name begins with a small letter and has small letters, digits, - and _.');
  }
  if (/[<>&"']/.test(label)) throw new Error('A label has no < > & " or \'.');
  if (!ask.permissions.length) throw new Error('Choose one permission at least.');
  if (ask.type !== 'HMAC') {
    ask.publicKey = byId('pem').value.trim();
    if (!ask.publicKey) throw new Error('Paste a public key, or make a pair here.');
  }
  const made = await control('POST', 'keys', ask);
  show(made);
  byId('label').value = byId('pem').value = privateKey = '';
  say(said, `The key of ${made.account} works now.`);
  await list();
}

function show(made) {
  const facts = [['API key', made.apiKey]];
  if (made.secretKey) facts.push(['Secret', made.secretKey]);
  const box = make('div', { class: 'once' });
  const listed = make('dl');
  for (const [name, text] of facts) {
    const button = make('button', { type: 'button', class: 'small', text: 'Copy' });
    button.addEventListener('click', () => copy(text, button));
    listed.append(make('dt', { text: name }), make('dd', {}, make('code', { text, 'data-fact': name }), ' ', button));
  }
  box.append(make('strong', { text: `${made.account} · ${made.type}` }), listed);
  if (privateKey) {
    const text = privateKey;
    box.append(
      make('p', { class: 'soft', text: 'Private key: keep it now, it is shown once.' }),
      make('pre', { text, 'data-fact': 'Private key' }),
      make('button', { type: 'button', class: 'small', text: 'Save as file', on: { click: () => download(`${made.account}-${made.type.toLowerCase()}.pem`, text) } }),
    );
  }
  byId('shown').replaceChildren(box);
}

async function list() {
  const rows = await control('GET', 'keys');
  byId('count').textContent = `${rows.length}`;
  byId('rows').replaceChildren(...rows.map((row) => {
    const revoke = make('button', { class: 'small', text: 'Revoke', 'aria-label': `Revoke ${row.label || row.apiKey.slice(0, 8)} of ${row.account}` });
    twice(revoke, () => attempt(said, async () => {
      await control('DELETE', 'keys', { apiKey: row.apiKey });
      say(said, `A key of ${row.account} is revoked.`);
      await list();
    }, revoke));
    const may = row.permissions.length === PERMISSIONS.length ? 'all' : row.permissions.join(', ');
    return make('tr', {},
      make('td', { class: 'long', text: row.account }), make('td', { class: 'long', text: row.label || '–' }), make('td', { text: row.type }),
      make('td', { class: 'mono acts', text: `${row.apiKey.slice(0, 10)}…${row.apiKey.slice(-4)}`, title: row.apiKey }), make('td', { text: may || '–' }),
      make('td', { text: row.ips.join(', ') || 'any' }), make('td', { text: timeText(row.created) }), make('td', {}, revoke));
  }));
}

attempt(said, async () => {
  await list();
  await beginWorlds();
  const accounts = await control('GET', 'accounts');
  byId('accounts').append(...accounts.map((account) => make('option', { value: account.name })));
  const names = new Set(accounts.map((account) => account.name));
  let number = 1;
  while (names.has(`trader-${number}`)) number += 1;
  byId('account').value = `trader-${number}`;
});
