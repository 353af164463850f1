// What all pages share: where the world is, how to ask it, how to sign, how to say things.

export const base = (location.pathname.match(/^\/@[a-z0-9_-]+/) || [''])[0];
export const byId = (id) => document.getElementById(id);

// Build an element: text is always text, never markup.
export function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === 'text') node.textContent = value;
    else if (name === 'on') for (const [kind, act] of Object.entries(value)) node.addEventListener(kind, act);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children);
  return node;
}

class Refused extends Error {
  constructor(status, answer) {
    super(answer?.msg || `The server answered ${status}.`);
    this.status = status;
    this.code = answer?.code;
  }
}

async function answerOf(response) {
  const text = await response.text();
  let answer = null;
  try { answer = JSON.parse(text); } catch { /* a page of a fault, say: the status says it */ }
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

const SILENT = 'The server does not answer.';

async function send(path, options) {
  let response;
  try {
    response = await fetch(base + path, { cache: 'no-store', ...options });
  } catch {
    throw new Error(SILENT);
  }
  return answerOf(response);
}

// An operation of /_tradepit/v1; it answers to pages opened on the machine itself.
export function control(method, path, ask = {}) {
  if (method === 'GET') {
    const query = new URLSearchParams(ask).toString();
    return send(`/_tradepit/v1/${path}${query ? '?' + query : ''}`, {});
  }
  const headers = { 'Content-Type': 'application/json' };
  return send(`/_tradepit/v1/${path}`, { method, headers, body: JSON.stringify(ask) });
}

export function publicAsk(path, ask = {}) {
  const query = new URLSearchParams(ask).toString();
  return send(`${path}${query ? '?' + query : ''}`, {});
}

const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');
const secrets = new Map(); // secret -> CryptoKey, in this page's memory only

export async function sign(text, secret) {
  if (!crypto.subtle) throw new Error('This browser signs only on https or on the machine itself.');
  if (!secrets.has(secret)) {
    const kind = { name: 'HMAC', hash: 'SHA-256' };
    secrets.set(secret, crypto.subtle.importKey('raw', bytes(secret), kind, false, ['sign']));
  }
  return hex(await crypto.subtle.sign('HMAC', await secrets.get(secret), bytes(text)));
}

// A signed request, as any client sends it.
export async function signedAsk(method, path, ask, key) {
  const query = new URLSearchParams({ ...ask, timestamp: Date.now(), recvWindow: 10000 }).toString();
  const signed = `${query}&signature=${await sign(query, key.secret)}`;
  const headers = { 'X-MBX-APIKEY': key.apiKey };
  if (method === 'GET' || method === 'DELETE') return send(`${path}?${signed}`, { method, headers });
  headers['Content-Type'] = 'application/x-www-form-urlencoded';
  return send(path, { method, headers, body: signed });
}

// A request that needs a key and no signature.
export function keyedAsk(method, path, key) {
  return send(path, { method, headers: { 'X-MBX-APIKEY': key.apiKey } });
}

export function socketUrl(path) {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${base}${path}`;
}

// Say how something went, in a line that screen readers hear.
export function say(node, words, bad = false) {
  node.textContent = words;
  node.className = 'said' + (words ? (bad ? ' bad' : ' good') : '');
}

// Say why something failed.
export function tell(line, refused) {
  say(line, refused.code === undefined ? refused.message : `${refused.code}: ${refused.message}`, true);
}

// The server is there again: that it was not is no longer to be said.
export function unsay(line) {
  if (line.textContent === SILENT) say(line, '');
}

// Do something that may be refused; the button rests meanwhile.
export async function attempt(line, act, button) {
  if (button) button.disabled = true;
  try {
    return await act();
  } catch (refused) {
    tell(line, refused);
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

// A button that asks once more before it acts.
export function twice(button, act) {
  const [words, label] = [button.textContent, button.getAttribute('aria-label')];
  const ask = (sure) => {
    button.textContent = sure ? 'Really?' : words;
    if (label) button.setAttribute('aria-label', sure ? `Really? ${label}` : label);
  };
  button.addEventListener('click', () => {
    const sure = button.textContent !== words;
    ask(!sure);
    if (sure) act();
  });
  button.addEventListener('blur', () => ask(false));
}

export async function copy(text, button) {
  const was = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed';
  }
  setTimeout(() => { button.textContent = was; }, 1500);
}

export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export const timeText = (ms) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);
export const sizeText = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
export const clockText = (ms) => new Date(ms).toISOString().slice(11, 19);
