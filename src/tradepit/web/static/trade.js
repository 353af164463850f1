import { attempt, byId, clockText, control, make, publicAsk, say, sign, signedAsk, socketUrl } from './common.js';
import { Chart } from './chart.js';

const LEVELS = 14;
const TRADES = 40;
const INTERVALS = ['1s', '1m', '5m', '15m', '1h', '4h', '1d'];
const said = byId('said');
const form = byId('ticket');

let symbols = new Map();
let symbol = null; // its exchangeInfo row
let rules = {};
let interval = '1m';
let key = null; // { name, apiKey, secret }
let market = null; // the socket of streams
let account = null; // the socket of the account's events
let book = { bids: [], asks: [] };
let trades = [];
let ticker = null;
const orders = new Map();
const balances = new Map();
const chart = new Chart(byId('chart'));

// --- Numbers as texts -------------------------------------------------------------------------

const decimals = (step) => (step.replace(/0+$/, '').split('.')[1] || '').length;
const grouped = (text) => {
  const [whole, part] = String(text).split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part ? '.' + part : '');
};
const priceText = (value) => grouped(Number(value).toFixed(rules.priceDecimals));
const qtyText = (value) => grouped(Number(value).toFixed(rules.qtyDecimals));
const plain = (text) => grouped(String(text).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''));
const short = (value) => Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 }).format(value);

// --- Drawing: at most once a frame, whatever comes ---------------------------------------------

const dirty = new Set();
let asked = false;
const waits = []; // events that the next frame shows: when they happened
const lags = [];

function soon(part, eventMs) {
  dirty.add(part);
  if (eventMs) waits.push(eventMs);
  if (!asked) {
    asked = true;
    requestAnimationFrame(draw);
  }
}

function draw() {
  asked = false;
  for (const part of dirty) PARTS[part]();
  dirty.clear();
  const drawn = waits.splice(0);
  setTimeout(() => { // after the frame was painted
    const now = Date.now();
    for (const at of drawn) lags.push(now - at);
    if (lags.length > 5000) lags.splice(0, lags.length - 5000);
  });
}

setInterval(() => {
  if (!lags.length) return;
  const sorted = [...lags].sort((a, b) => a - b);
  const p95 = sorted[Math.floor(sorted.length * 0.95)];
  const node = byId('lag');
  node.dataset.p95 = p95;
  node.dataset.count = sorted.length;
  node.textContent = Math.abs(p95) < 60_000 ? `updates within ${p95} ms` : 'the clock is not the wall’s';
}, 1000);

const rowsOf = (body, count, cells) => Array.from({ length: count }, () => {
  const row = make('tr', {}, ...cells.map((kind) => make('td', { class: kind })));
  byId(body).append(row);
  return row;
});
const askRows = rowsOf('asks', LEVELS, ['sell', 'num', 'num']).reverse();
const bidRows = rowsOf('bids', LEVELS, ['buy', 'num', 'num']);
for (const row of [...askRows, ...bidRows]) {
  const button = make('button', { type: 'button', tabindex: '-1' });
  button.addEventListener('click', () => { byId('price').value = button.dataset.price || ''; worth(); });
  row.cells[0].append(button);
}
const tapeRows = rowsOf('trades', TRADES, ['', 'num', 'num']);
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

function drawSide(rows, levels, kind, most) {
  let sum = 0;
  rows.forEach((row, place) => {
    const level = levels[place];
    row.className = level ? kind : '';
    const button = row.cells[0].firstChild;
    button.dataset.price = level ? priceText(level[0]).replaceAll(',', '') : '';
    sum += level ? Number(level[1]) : 0;
    write(button, level ? priceText(level[0]) : '\u00a0');
    write(row.cells[1], level ? qtyText(level[1]) : '');
    write(row.cells[2], level ? qtyText(sum) : '');
    row.style.setProperty('--part', level ? `${Math.round((sum / most) * 100)}%` : '0%');
  });
}

const total = (levels) => levels.slice(0, LEVELS).reduce((sum, level) => sum + Number(level[1]), 0);

const PARTS = {
  book() {
    const most = Math.max(total(book.bids), total(book.asks)) || 1;
    drawSide(askRows, book.asks, 'ask', most);
    drawSide(bidRows, book.bids, 'bid', most);
    const [ask, bid] = [book.asks[0], book.bids[0]];
    write(byId('spread'), ask && bid ? `Spread ${priceText(ask[0] - bid[0])}` : 'One side is empty');
    worth();
  },
  trades() {
    tapeRows.forEach((row, place) => {
      const trade = trades[place];
      row.cells[0].className = trade ? (trade.m ? 'sell' : 'buy') : '';
      write(row.cells[0], trade ? `${priceText(trade.p)} ${trade.m ? '▾' : '▴'}` : '\u00a0');
      write(row.cells[1], trade ? qtyText(trade.q) : '');
      write(row.cells[2], trade ? clockText(trade.T) : '');
    });
    if (trades[0]) {
      write(byId('last'), priceText(trades[0].p));
      byId('last').className = `price ${trades[0].m ? 'sell' : 'buy'}`;
      write(byId('time'), clockText(trades[0].T) + ' UTC');
    }
  },
  ticker() {
    if (!ticker) return;
    write(byId('change'), `${Number(ticker.P) < 0 ? '' : '+'}${Number(ticker.P).toFixed(2)} %`);
    byId('change').className = Number(ticker.P) < 0 ? 'sell' : 'buy';
    write(byId('high'), priceText(ticker.h));
    write(byId('low'), priceText(ticker.l));
    write(byId('volume'), `${short(ticker.v)} ${symbol.baseAsset}`);
    if (!trades.length) write(byId('last'), priceText(ticker.c));
  },
  orders: drawOrders,
  balances: drawBalances,
};

function drawOrders() {
  const rows = [...orders.values()].filter((order) => order.symbol === symbol.symbol).sort((a, b) => b.time - a.time);
  byId('no-orders').hidden = rows.length > 0;
  byId('cancel-all').disabled = !rows.length;
  write(byId('orders-count'), rows.length ? String(rows.length) : '');
  byId('orders').replaceChildren(...rows.slice(0, 200).map((order) => {
    const button = make('button', { class: 'small', type: 'button', text: 'Cancel', 'aria-label': `Cancel order ${order.orderId}` });
    button.addEventListener('click', () => attempt(said, () => cancel(order), button));
    return make('tr', {},
      make('td', { text: clockText(order.time) }),
      make('td', { class: order.side === 'BUY' ? 'buy' : 'sell', text: order.side === 'BUY' ? 'Buy' : 'Sell' }),
      make('td', { text: order.type.toLowerCase().replaceAll('_', ' ') }),
      make('td', { class: 'num', text: Number(order.price) ? priceText(order.price) : 'market' }),
      make('td', { class: 'num', text: `${qtyText(order.executedQty)} / ${qtyText(order.origQty)}` }),
      make('td', {}, button));
  }));
}

function drawBalances() {
  const first = [symbol.baseAsset, symbol.quoteAsset];
  const rank = (asset) => (first.includes(asset) ? first.indexOf(asset) : 2);
  const rows = [...balances].filter(([, row]) => Number(row.free) || Number(row.locked))
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  byId('balances').replaceChildren(...rows.map(([asset, row]) => make('tr', {},
    make('td', { text: asset }), make('td', { class: 'num', text: plain(row.free) }),
    make('td', { class: 'num', text: Number(row.locked) ? plain(row.locked) : '–' }))));
}

// --- The market -------------------------------------------------------------------------------

const HEARD = {
  trade(event) {
    trades.unshift(event);
    trades.length = Math.min(trades.length, TRADES);
    soon('trades', event.T);
  },
  kline: (event) => chart.update(event.k),
  '24hrTicker': (event) => { ticker = event; soon('ticker'); },
};

function listen() {
  market?.close();
  const name = symbol.symbol.toLowerCase();
  const names = [`${name}@trade`, `${name}@depth20@100ms`, `${name}@kline_${interval}`, `${name}@ticker`];
  const socket = market = new WebSocket(socketUrl(`/stream?streams=${encodeURI(names.join('/'))}`));
  socket.onmessage = (message) => {
    if (socket !== market) return;
    const { stream, data } = JSON.parse(message.data);
    if (data.lastUpdateId !== undefined) {
      book = data;
      soon('book');
    } else if (stream) HEARD[data.e]?.(data);
  };
  socket.onclose = () => {
    if (socket !== market) return;
    write(byId('lag'), 'connecting again …');
    setTimeout(() => { if (socket === market) show(symbol.symbol); }, 1500);
  };
}

async function candles() {
  const wanted = [symbol.symbol, interval];
  const rows = await publicAsk('/api/v3/klines', { symbol: wanted[0], interval: wanted[1], limit: 160 });
  if (wanted[0] === symbol.symbol && wanted[1] === interval) chart.begin(rows, rules.priceDecimals, `${wanted[0]}, ${wanted[1]}`);
}

async function show(name) {
  symbol = symbols.get(name);
  byId('symbol').value = name;
  document.title = `${name} · tradepit`;
  history.replaceState(null, '', `#${name}`);
  const filters = Object.fromEntries(symbol.filters.map((filter) => [filter.filterType, filter]));
  const notional = filters.NOTIONAL || filters.MIN_NOTIONAL || { minNotional: '0' };
  rules = {
    priceDecimals: decimals(filters.PRICE_FILTER.tickSize), qtyDecimals: decimals(filters.LOT_SIZE.stepSize),
    minQty: Number(filters.LOT_SIZE.minQty), minNotional: Number(notional.minNotional),
  };
  for (const node of document.querySelectorAll('.base')) node.textContent = symbol.baseAsset;
  for (const node of document.querySelectorAll('.quote')) node.textContent = symbol.quoteAsset;
  trades = [];
  ticker = null;
  listen();
  relabel();
  const asks = { symbol: name };
  await attempt(said, async () => {
    const [depth, recent, day] = await Promise.all([
      publicAsk('/api/v3/depth', { ...asks, limit: 20 }), publicAsk('/api/v3/trades', { ...asks, limit: TRADES }),
      publicAsk('/api/v3/ticker/24hr', asks), candles(),
    ]);
    if (symbol.symbol !== name) return;
    book = depth;
    if (!trades.length) trades = recent.reverse().map((row) => ({ p: row.price, q: row.qty, T: row.time, m: row.isBuyerMaker }));
    ticker ??= { P: day.priceChangePercent, h: day.highPrice, l: day.lowPrice, v: day.volume, c: day.lastPrice };
    for (const part of Object.keys(PARTS)) soon(part);
    suggest();
  });
}

// --- The account ------------------------------------------------------------------------------

const OVER = new Set(['FILLED', 'CANCELED', 'REJECTED', 'EXPIRED', 'EXPIRED_IN_MATCH']);

function heardOf(event) {
  if (event.e === 'executionReport') {
    const id = `${event.s}/${event.i}`;
    if (OVER.has(event.X)) orders.delete(id);
    else orders.set(id, { symbol: event.s, orderId: event.i, side: event.S, type: event.o, price: event.p, origQty: event.q, executedQty: event.z, time: event.O });
    soon('orders');
  } else if (event.e === 'outboundAccountPosition') {
    for (const row of event.B) balances.set(row.a, { free: row.f, locked: row.l });
    soon('balances');
  }
}

async function follow() {
  const mine = key;
  account?.close();
  const socket = account = new WebSocket(socketUrl('/ws-api/v3'));
  socket.onopen = async () => {
    const text = `apiKey=${mine.apiKey}&timestamp=${Date.now()}`;
    const params = { ...Object.fromEntries(new URLSearchParams(text)), signature: await sign(text, mine.secret) };
    params.timestamp = Number(params.timestamp);
    socket.send(JSON.stringify({ id: 1, method: 'userDataStream.subscribe.signature', params }));
  };
  socket.onmessage = async (message) => {
    const told = JSON.parse(message.data);
    if (socket !== account) return;
    if (told.event) heardOf(told.event);
    else if (told.id === 1) await attempt(said, load);
  };
  socket.onclose = () => { if (socket === account) setTimeout(() => { if (socket === account) follow(); }, 1500); };
}

async function load() {
  const mine = key;
  const [open, state] = await Promise.all([signedAsk('GET', '/api/v3/openOrders', {}, mine), signedAsk('GET', '/api/v3/account', {}, mine)]);
  if (mine !== key) return;
  orders.clear();
  balances.clear();
  for (const order of open) orders.set(`${order.symbol}/${order.orderId}`, order);
  for (const row of state.balances) balances.set(row.asset, { free: row.free, locked: row.locked });
  soon('orders');
  soon('balances');
}

function choose(next) {
  key = next;
  orders.clear();
  balances.clear();
  soon('orders');
  soon('balances');
  if (key) follow();
  else { account?.close(); account = null; }
}

const cancel = async (order) => {
  await signedAsk('DELETE', '/api/v3/order', { symbol: order.symbol, orderId: order.orderId }, key);
  say(said, `Order ${order.orderId} is cancelled.`);
};

byId('cancel-all').addEventListener('click', () => attempt(said, async () => {
  const gone = await signedAsk('DELETE', '/api/v3/openOrders', { symbol: symbol.symbol }, key);
  say(said, `${gone.length} cancelled.`);
}, byId('cancel-all')));

// --- The ticket -------------------------------------------------------------------------------

const side = () => form.elements.side.value;
const priced = () => byId('type').value !== 'MARKET';
const stopped = () => ['STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'].includes(byId('type').value);

function relabel() {
  byId('price-field').hidden = !priced();
  byId('tif-field').hidden = !priced() || byId('type').value === 'LIMIT_MAKER';
  byId('stop-field').hidden = !stopped();
  const button = byId('place');
  button.textContent = `${side() === 'BUY' ? 'Buy' : 'Sell'} ${symbol?.baseAsset ?? ''}`;
  button.classList.toggle('selling', side() === 'SELL');
}

// A price that trades and the least round quantity that the filters let pass, to begin with.
function suggest() {
  const best = (side() === 'BUY' ? book.asks : book.bids)[0] ?? book.asks[0] ?? book.bids[0];
  const price = best ? Number(best[0]) : Number(ticker?.c || 0);
  byId('price').value = price ? price.toFixed(rules.priceDecimals) : '';
  const least = Math.max(rules.minQty, price ? (rules.minNotional * 2) / price : 0);
  byId('quantity').value = (Math.ceil(least * 10 ** rules.qtyDecimals) / 10 ** rules.qtyDecimals).toFixed(rules.qtyDecimals);
  worth();
}

function worth() {
  const best = (side() === 'BUY' ? book.asks : book.bids)[0];
  const price = priced() ? Number(byId('price').value) : Number(best?.[0]);
  const value = price * Number(byId('quantity').value);
  write(byId('worth'), value > 0 ? `≈ ${grouped(value.toFixed(2))} ${symbol.quoteAsset}` : '');
}

for (const radio of form.elements.side) radio.addEventListener('change', () => { relabel(); suggest(); });
byId('type').addEventListener('change', () => { relabel(); worth(); });
byId('price').addEventListener('input', worth);
byId('quantity').addEventListener('input', worth);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, place, byId('place')).then(() => byId('place').focus());
});

async function place() {
  if (!key) throw new Error('Choose an account, or give an API key and its secret.');
  say(said, '');
  const ask = { symbol: symbol.symbol, side: side(), type: byId('type').value, quantity: byId('quantity').value.trim() };
  if (priced()) ask.price = byId('price').value.trim();
  if (!byId('tif-field').hidden) ask.timeInForce = byId('tif').value;
  if (stopped()) ask.stopPrice = byId('stop').value.trim();
  const done = await signedAsk('POST', '/api/v3/order', { ...ask, newOrderRespType: 'FULL' }, key);
  say(said, told(done));
}

function told(done) {
  const filled = Number(done.executedQty);
  if (done.status === undefined) return `Order ${done.orderId} waits for its stop price.`;
  const what = { NEW: 'rests in the book', FILLED: 'is filled', PARTIALLY_FILLED: 'is filled in part' }[done.status]
    ?? done.status.toLowerCase().replaceAll('_', ' ');
  const at = filled ? `: ${qtyText(filled)} at ${priceText(Number(done.cummulativeQuoteQty) / filled)}` : '';
  return `Order ${done.orderId} ${what}${at}.`;
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
    choose(row ? { name: row.name, apiKey: row.api_key, secret: row.secret_key } : null);
  };
  const own = () => {
    const [apiKey, secret] = [byId('own-key').value.trim(), byId('own-secret').value.trim()];
    choose(apiKey && secret ? { name: '', apiKey, secret } : null);
  };
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
byId('symbol').addEventListener('change', () => show(byId('symbol').value));

attempt(said, async () => {
  const info = await publicAsk('/api/v3/exchangeInfo');
  symbols = new Map(info.symbols.filter((row) => row.isSpotTradingAllowed).map((row) => [row.symbol, row]));
  byId('symbol').append(...[...symbols.keys()].map((name) => make('option', { value: name, text: name })));
  const wanted = decodeURIComponent(location.hash.slice(1));
  await show(symbols.has(wanted) ? wanted : symbols.has('BTCUSDT') ? 'BTCUSDT' : symbols.keys().next().value);
  await dev();
});
