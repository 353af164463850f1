// The trading page: one symbol of one of the three exchanges, and who trades it.

import { attempt, byId, clockText, control, make, publicAsk, say, signedAsk, unsay } from './common.js';
import { Account } from './account.js';
import { Chart } from './chart.js';
import { Frames } from './frames.js';
import { grouped, Rules } from './numbers.js';
import { drawBalances, drawMark, drawOrders, drawPositions, drawTicker, Ladder, Tape, TRADES, write } from './tables.js';
import { snapshot, streams, VENUES } from './venues.js';
import { beginWorlds } from './worldpicker.js';

const INTERVALS = ['1s', '1m', '5m', '15m', '1h', '4h', '1d'];
const AGAIN_MS = 1500;
const LOOK_MS = 5000; // how often the clock's pace is read
const said = byId('said');
const form = byId('ticket');

let venue = VENUES.spot;
let symbols = new Map();
let symbol = null; // its exchangeInfo row
let rules = null;
let interval = '1m';
let market = null; // the socket of streams
let book = { bids: [], asks: [] };
let trades = [];
let ticker = null;
let mark = null;

const rulesOf = (name) => (symbols.has(name) ? new Rules(symbols.get(name)) : rules);
const chart = new Chart(byId('chart'));
const ladder = new Ladder((price) => { byId('price').value = price; worth(); });
const tape = new Tape();
const frames = new Frames({
  book() {
    ladder.draw(book, rules);
    worth();
  },
  trades() {
    tape.draw(trades, rules);
    if (!trades[0]) return;
    write(byId('last'), rules.price(trades[0].p));
    byId('last').className = `price ${trades[0].m ? 'sell' : 'buy'}`;
    write(byId('time'), `${clockText(trades[0].T)} UTC`);
  },
  ticker() {
    if (!ticker) return;
    drawTicker(ticker, rules, venue.unit(symbol));
    if (!trades.length) write(byId('last'), rules.price(ticker.c));
  },
  mark() { if (mark) drawMark(mark, rules); },
  orders() { drawOrders(account, rules, (order, button) => attempt(said, () => cancel(order), button)); },
  balances() { drawBalances(account, [...new Set([symbol.baseAsset, symbol.marginAsset ?? symbol.quoteAsset])]); },
  positions() {
    drawPositions(account, rulesOf, show, (position, button) => attempt(said, () => close(position), button));
    settle();
    relabel();
  },
}, byId('lag'));
const account = new Account((part) => { if (symbol) frames.soon(part); }, said);

// --- The market -------------------------------------------------------------------------------

const HEARD = {
  [VENUES.spot.trade]: heardTrade,
  [VENUES.usdm.trade]: heardTrade,
  kline: (event) => chart.update(event.k),
  '24hrTicker': (event) => { ticker = event; frames.soon('ticker'); },
  markPriceUpdate: (event) => { mark = event; frames.soon('mark'); },
  depthUpdate: (event) => heardBook({ bids: event.b, asks: event.a }),
};

function heardTrade(event) {
  trades.unshift(event);
  trades.length = Math.min(trades.length, TRADES);
  frames.soon('trades', event.T);
}

function heardBook(next) {
  book = next;
  frames.soon('book');
}

function listen() {
  market?.close();
  const socket = market = new WebSocket(streams(venue, symbol.symbol, interval));
  socket.onmessage = (message) => {
    if (socket !== market) return;
    const { stream, data } = JSON.parse(message.data);
    if (!stream) return;
    if (data.e) HEARD[data.e]?.(data);
    else heardBook(data);
  };
  socket.onclose = () => {
    if (socket !== market) return;
    write(byId('lag'), 'connecting again …');
    setTimeout(() => { if (socket === market) show(symbol.symbol); }, AGAIN_MS);
  };
}

async function candles() {
  const wanted = [venue, symbol.symbol, interval];
  const rows = await publicAsk(`${venue.rest}/klines`, { symbol: symbol.symbol, interval, limit: 160 });
  if (wanted.join() === [venue, symbol.symbol, interval].join()) chart.begin(rows, rules.priceDecimals, symbol.symbol, interval);
}

async function show(name) {
  symbol = symbols.get(name);
  rules = new Rules(symbol);
  byId('symbol').value = name;
  document.title = `${name} · tradepit`;
  history.replaceState(null, '', venue === VENUES.spot ? `#${name}` : `#${venue.id}:${name}`);
  for (const node of document.querySelectorAll('.base')) node.textContent = venue.unit(symbol);
  for (const node of document.querySelectorAll('.quote')) node.textContent = symbol.quoteAsset;
  trades = [];
  ticker = mark = null;
  listen();
  account.use({ venue, symbol: name });
  relabel();
  const shown = [venue, symbol];
  await attempt(said, async () => {
    const [now] = await Promise.all([snapshot(venue, name, TRADES), candles()]);
    if (shown[0] !== venue || shown[1] !== symbol) return;
    unsay(said);
    book = now.book;
    if (!trades.length) trades = now.trades;
    ticker ??= now.ticker;
    mark ??= now.mark;
    for (const part of ['book', 'trades', 'ticker', 'mark', 'orders', 'balances', 'positions']) frames.soon(part);
    suggest();
  });
}

// Go to another exchange, and to a symbol there if it has that one.
async function enter(next, name) {
  const info = await publicAsk(`${next.rest}/exchangeInfo`);
  venue = next;
  symbols = new Map(info.symbols.filter(venue.listed).map((row) => [row.symbol, row]));
  byId('symbol').replaceChildren(...[...symbols.keys()].map((name) => make('option', { value: name, text: name })));
  byId('venue').value = venue.id;
  byId('type').replaceChildren(...venue.types.map((type) => make('option', { value: type.name, text: type.text })));
  for (const node of document.querySelectorAll('.futures')) node.hidden = !venue.positions;
  document.querySelector('main').classList.toggle('has-positions', Boolean(venue.positions));
  write(byId('first-amount'), venue.columns[0]);
  write(byId('second-amount'), venue.columns[1]);
  const found = [name, 'BTCUSDT', 'BTCUSD_PERP'].find((one) => symbols.has(one));
  await show(found ?? symbols.keys().next().value);
}

// --- Orders -----------------------------------------------------------------------------------

async function cancel(order) {
  await signedAsk('DELETE', `${venue.rest}/order`, { symbol: order.symbol, orderId: order.orderId }, account.key);
  say(said, `Order ${order.orderId} is cancelled.`);
}

byId('cancel-all').addEventListener('click', () => attempt(said, async () => {
  const many = account.orders.size;
  await signedAsk('DELETE', `${venue.rest}/${venue.cancelAll}`, { symbol: symbol.symbol }, account.key);
  say(said, `${many} cancelled.`);
  account.soon();
}, byId('cancel-all')));

async function close(position) {
  const long = Number(position.positionAmt) > 0;
  const ask = {
    symbol: position.symbol, side: long ? 'SELL' : 'BUY', type: 'MARKET',
    quantity: position.positionAmt.replace('-', ''), newOrderRespType: venue.fullAnswer,
  };
  if (position.positionSide === 'BOTH') ask.reduceOnly = true;
  else ask.positionSide = position.positionSide;
  const done = await signedAsk('POST', `${venue.rest}/order`, ask, account.key);
  say(said, `The position in ${position.symbol}: ${told(done, rulesOf(position.symbol))}`);
  account.soon();
}

// --- The ticket -------------------------------------------------------------------------------

const side = () => form.elements.side.value;
const typeOf = () => venue.types.find((type) => type.name === byId('type').value) ?? venue.types[0];

function relabel() {
  const type = typeOf();
  byId('price-field').hidden = !type.priced;
  byId('tif-field').hidden = !type.timed;
  byId('stop-field').hidden = !type.stopped;
  byId('reduce-field').hidden = !venue.positions || account.hedged;
  byId('hedge-field').hidden = !venue.positions || !account.hedged;
  for (const node of [byId('margin'), byId('leverage')]) node.disabled = !account.setting;
  const button = byId('place');
  write(button, `${side() === 'BUY' ? 'Buy' : 'Sell'} ${symbol ? venue.unit(symbol) : ''}`);
  button.classList.toggle('selling', side() === 'SELL');
}

// A price that trades and the least round quantity that the filters let pass, to begin with.
function suggest() {
  const best = (side() === 'BUY' ? book.asks : book.bids)[0] ?? book.asks[0] ?? book.bids[0];
  const price = best ? Number(best[0]) : Number(ticker?.c || 0);
  byId('price').value = price ? price.toFixed(rules.priceDecimals) : '';
  const [one] = venue.worth(symbol, price, 1);
  const least = Math.max(rules.minQty, one ? (rules.minNotional * 2) / one : 0);
  byId('quantity').value = (Math.ceil(least * 10 ** rules.qtyDecimals) / 10 ** rules.qtyDecimals).toFixed(rules.qtyDecimals);
  worth();
}

function worth() {
  const best = (side() === 'BUY' ? book.asks : book.bids)[0];
  const price = typeOf().priced ? Number(byId('price').value) : Number(best?.[0]);
  const [value, asset] = venue.worth(symbol, price, Number(byId('quantity').value));
  write(byId('worth'), value > 0 ? `≈ ${grouped(value.toFixed(2))} ${asset}` : '');
}

// What the exchange says of leverage and margin type, unless it is being written.
function settle() {
  const { setting } = account;
  if (document.activeElement !== byId('leverage')) byId('leverage').value = setting?.leverage ?? '';
  byId('margin').value = /^isolated$/i.test(setting?.marginType) ? 'ISOLATED' : 'CROSSED';
}

async function set(path, ask, words) {
  try {
    await signedAsk('POST', `${venue.rest}/${path}`, { symbol: symbol.symbol, ...ask }, account.key);
    say(said, words);
  } finally {
    account.soon(); // what was refused is taken back
  }
}

byId('leverage').addEventListener('change', () => attempt(said, () => {
  const leverage = byId('leverage').value;
  return set('leverage', { leverage }, `The leverage in ${symbol.symbol} is ${leverage}×.`);
}));
byId('leverage').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  event.preventDefault(); // it sets the leverage and places no order
  byId('leverage').blur();
});
byId('margin').addEventListener('change', () => attempt(said, () => {
  const [chosen] = byId('margin').selectedOptions;
  return set('marginType', { marginType: chosen.value }, `The margin in ${symbol.symbol} is ${chosen.text.toLowerCase()}.`);
}));
for (const radio of form.elements.side) radio.addEventListener('change', () => { relabel(); suggest(); });
byId('type').addEventListener('change', () => { relabel(); worth(); });
byId('price').addEventListener('input', worth);
byId('quantity').addEventListener('input', worth);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, place, byId('place')).then(() => byId('place').focus());
});

async function place() {
  if (!account.key) throw new Error('Choose an account, or give an API key and its secret.');
  say(said, '');
  if (venue.positions) account.renew();
  const type = typeOf();
  const ask = { symbol: symbol.symbol, side: side(), type: type.name, ...type.sends, quantity: byId('quantity').value.trim() };
  if (type.priced) ask.price = byId('price').value.trim();
  if (type.timed) ask.timeInForce = byId('tif').value;
  if (type.stopped) ask.stopPrice = byId('stop').value.trim();
  if (!byId('hedge-field').hidden) ask.positionSide = byId('hedge').value;
  else if (!byId('reduce-field').hidden && byId('reduce').checked) ask.reduceOnly = true;
  const done = await signedAsk('POST', `${venue.rest}/order`, { ...ask, newOrderRespType: venue.fullAnswer }, account.key);
  say(said, told(done, rules));
  if (venue.positions) account.soon();
}

function told(done, its) {
  const filled = Number(done.executedQty);
  if (done.status === undefined || (done.status === 'NEW' && Number(done.stopPrice))) return `Order ${done.orderId} waits for its stop price.`;
  const what = { NEW: 'rests in the book', FILLED: 'is filled', PARTIALLY_FILLED: 'is filled in part' }[done.status]
    ?? done.status.toLowerCase().replaceAll('_', ' ');
  const at = filled ? `: ${its.qty(filled)} at ${its.price(venue.average(done))}` : '';
  return `Order ${done.orderId} ${what}${at}.`;
}

// Who sees a market stand still, or run, is told that it is the clock.
async function look() {
  if (document.hidden) return;
  const speed = Number((await control('GET', 'clock')).speed);
  write(byId('pace'), speed === 1 ? '' : `The clock ${speed ? `runs ${grouped(String(speed))}×` : 'is frozen'} ·`);
}

// --- Beginning --------------------------------------------------------------------------------

async function dev() {
  let found = [];
  try {
    found = (await control('GET', 'info')).accounts;
  } catch { /* opened from another machine: bring a key */ }
  const select = byId('account');
  select.append(...found.map((row) => make('option', { value: row.name, text: row.name })), make('option', { value: '', text: 'Another key …' }));
  const pick = () => {
    const row = found.find((one) => one.name === select.value);
    byId('own').hidden = Boolean(row);
    account.use({ key: row ? { name: row.name, apiKey: row.api_key, secret: row.secret_key } : null });
  };
  const own = () => {
    const [apiKey, secret] = [byId('own-key').value.trim(), byId('own-secret').value.trim()];
    account.use({ key: apiKey && secret ? { name: '', apiKey, secret } : null });
  };
  if (found.length) setInterval(() => look().catch(() => {}), LOOK_MS);
  select.addEventListener('change', pick);
  byId('own-key').addEventListener('change', own);
  byId('own-secret').addEventListener('change', own);
  pick();
}

byId('intervals').append(...INTERVALS.map((name) => {
  const button = make('button', { type: 'button', class: 'small', text: name, 'aria-pressed': String(name === interval) });
  button.addEventListener('click', () => {
    interval = name;
    for (const other of byId('intervals').children) other.setAttribute('aria-pressed', String(other === button));
    listen();
    attempt(said, candles);
  });
  return button;
}));
byId('venue').append(...Object.values(VENUES).map((one) => make('option', { value: one.id, text: one.title })));
byId('venue').addEventListener('change', () => attempt(said, () => enter(VENUES[byId('venue').value], symbol.symbol)));
byId('symbol').addEventListener('change', () => show(byId('symbol').value));

// What stands behind # in the address: [symbol, exchange]; anybody may have written it.
function wished() {
  try {
    return decodeURIComponent(location.hash.slice(1)).split(':').reverse();
  } catch { return []; }
}

attempt(said, async () => {
  const [name, id] = wished();
  await enter(Object.hasOwn(VENUES, id) ? VENUES[id] : VENUES.spot, name);
  await dev();
  await look().catch(() => {});
  await beginWorlds();
});
