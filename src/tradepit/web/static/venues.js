// The three exchanges: where each is asked, what its streams and its orders are called.

import { keyedAsk, publicAsk, sign, signedAsk, socketUrl } from './common.js';

const LIMIT = { name: 'LIMIT', text: 'Limit', priced: true, timed: true };
const MARKET = { name: 'MARKET', text: 'Market' };
const KEEP_KEY_MS = 30 * 60_000; // a listen key lives for an hour

const SPOT = {
  id: 'spot',
  title: 'Spot',
  rest: '/api/v3',
  socket: '/stream',
  trade: 'trade',
  types: [
    LIMIT, MARKET, { name: 'LIMIT_MAKER', text: 'Limit, maker only', priced: true },
    { name: 'STOP_LOSS_LIMIT', text: 'Stop limit', priced: true, timed: true, stopped: true },
    { name: 'TAKE_PROFIT_LIMIT', text: 'Take profit limit', priced: true, timed: true, stopped: true },
  ],
  columns: ['Free', 'Locked'],
  listed: (row) => row.isSpotTradingAllowed,
  unit: (row) => row.baseAsset,
  worth: (row, price, qty) => [price * qty, row.quoteAsset],
  fullAnswer: 'FULL',
  average: (done) => Number(done.cummulativeQuoteQty) / Number(done.executedQty),
  cancelAll: 'openOrders',

  async load(key, symbol) {
    const [orders, state] = await Promise.all([
      signedAsk('GET', '/api/v3/openOrders', { symbol }, key), signedAsk('GET', '/api/v3/account', {}, key),
    ]);
    return { orders, balances: state.balances.map((row) => [row.asset, row.free, row.locked]) };
  },

  // A socket of the account's events.
  async follow(key) {
    const socket = new WebSocket(socketUrl('/ws-api/v3'));
    socket.onopen = async () => {
      const text = `apiKey=${key.apiKey}&timestamp=${Date.now()}`;
      const params = { ...Object.fromEntries(new URLSearchParams(text)), signature: await sign(text, key.secret) };
      params.timestamp = Number(params.timestamp);
      socket.send(JSON.stringify({ id: 1, method: 'userDataStream.subscribe.signature', params }));
    };
    return socket;
  },

  // What an event changes, or true when the account is to be read again.
  heard(message) {
    if (message.id === 1) return true;
    const event = message.event;
    if (event?.e === 'executionReport') {
      return { order: { symbol: event.s, orderId: event.i, side: event.S, type: event.o, price: event.p, stopPrice: event.P, origQty: event.q, executedQty: event.z, time: event.O, status: event.X } };
    }
    if (event?.e === 'outboundAccountPosition') return { balances: event.B.map((row) => [row.a, row.f, row.l]) };
    return false;
  },
};

const FUTURES = {
  trade: 'aggTrade',
  positions: true,
  types: [
    LIMIT, MARKET, { name: 'MAKER', text: 'Limit, maker only', priced: true, sends: { type: 'LIMIT', timeInForce: 'GTX' } },
    { name: 'STOP', text: 'Stop limit', priced: true, timed: true, stopped: true },
    { name: 'TAKE_PROFIT', text: 'Take profit limit', priced: true, timed: true, stopped: true },
    { name: 'STOP_MARKET', text: 'Stop market', stopped: true },
    { name: 'TAKE_PROFIT_MARKET', text: 'Take profit market', stopped: true },
  ],
  columns: ['Balance', 'Available'],
  listed: (row) => (row.status ?? row.contractStatus) === 'TRADING',
  fullAnswer: 'RESULT',
  average: (done) => Number(done.avgPrice),
  cancelAll: 'allOpenOrders',

  // hedged: as it was read before, null if it was not: to ask costs as much as all else together.
  async load(key, symbol, hedged) {
    const [orders, balances, positions, setting, mode] = await Promise.all([
      signedAsk('GET', `${this.rest}/openOrders`, { symbol }, key), signedAsk('GET', this.balances, {}, key),
      this.held(key), this.setting(key, symbol), hedged === null ? signedAsk('GET', `${this.rest}/positionSide/dual`, {}, key) : null,
    ]);
    return {
      orders, positions, setting,
      hedged: positions.length ? positions[0].positionSide !== 'BOTH' : mode?.dualSidePosition ?? hedged,
      balances: balances.map((row) => [row.asset, row.balance, row.availableBalance]),
    };
  },

  async held(key) {
    const rows = await signedAsk('GET', this.risk, {}, key);
    return rows.filter((row) => Number(row.positionAmt));
  },

  async follow(key) {
    const path = `${this.rest}/listenKey`;
    const { listenKey } = await keyedAsk('POST', path, key);
    const socket = new WebSocket(socketUrl(`${this.stream}/ws/${listenKey}`));
    const beat = setInterval(() => keyedAsk('PUT', path, key).catch(() => socket.close()), KEEP_KEY_MS);
    socket.addEventListener('close', () => clearInterval(beat));
    return socket;
  },

  heard: () => true,
};

const usdm = {
  ...FUTURES,
  id: 'usdm',
  title: 'USDS-M futures',
  rest: '/fapi/v1',
  stream: '/fstream',
  socket: '/fstream/stream',
  risk: '/fapi/v3/positionRisk',
  balances: '/fapi/v3/balance',
  setting: async (key, symbol) => (await signedAsk('GET', '/fapi/v1/symbolConfig', { symbol }, key))[0],
  unit: (row) => row.baseAsset,
  worth: (row, price, qty) => [price * qty, row.quoteAsset],
};

const coinm = {
  ...FUTURES,
  id: 'coinm',
  title: 'COIN-M futures',
  rest: '/dapi/v1',
  stream: '/dstream',
  socket: '/dstream/stream',
  risk: '/dapi/v1/positionRisk',
  balances: '/dapi/v1/balance',
  setting: async (key, symbol) => (await signedAsk('GET', '/dapi/v1/positionRisk', { pair: symbol.split('_')[0] }, key))
    .find((row) => row.symbol === symbol),
  unit: () => 'contracts',
  worth: (row, price, qty) => [qty * row.contractSize, row.quoteAsset],
};

export const VENUES = { spot: SPOT, usdm, coinm };

const first = (answer) => (Array.isArray(answer) ? answer[0] : answer);

// What the market of a symbol looks like now.
export async function snapshot(venue, symbol, trades) {
  const [depth, recent, day, mark] = await Promise.all([
    publicAsk(`${venue.rest}/depth`, { symbol, limit: 20 }), publicAsk(`${venue.rest}/trades`, { symbol, limit: trades }),
    publicAsk(`${venue.rest}/ticker/24hr`, { symbol }), venue.positions ? publicAsk(`${venue.rest}/premiumIndex`, { symbol }) : null,
  ]);
  const ticker = first(day);
  return {
    book: depth,
    trades: recent.reverse().map((row) => ({ p: row.price, q: row.qty, T: row.time, m: row.isBuyerMaker })),
    ticker: { P: ticker.priceChangePercent, h: ticker.highPrice, l: ticker.lowPrice, v: ticker.volume, c: ticker.lastPrice },
    mark: mark && markOf(first(mark)),
  };
}

const markOf = (row) => ({ p: row.markPrice, i: row.indexPrice, r: row.lastFundingRate, T: row.nextFundingTime });

export function streams(venue, symbol, interval) {
  const name = symbol.toLowerCase();
  const names = [`${name}@${venue.trade}`, `${name}@depth20@100ms`, `${name}@kline_${interval}`, `${name}@ticker`];
  if (venue.positions) names.push(`${name}@markPrice@1s`);
  return socketUrl(`${venue.socket}?streams=${encodeURI(names.join('/'))}`);
}
