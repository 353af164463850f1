// The tables of the trading page: book, trades, orders, balances, positions.

import { byId, clockText, make } from './common.js';
import { amount, grouped, plain, short, signed } from './numbers.js';

const LEVELS = 14;
const MOST_ORDERS = 200;
export const TRADES = 40;

export const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const cell = (text, kind = '') => make('td', { class: kind || false, text });
const sideWord = (side) => (side === 'BUY' ? 'Buy' : 'Sell');

function rowsOf(body, count, kinds) {
  return Array.from({ length: count }, () => {
    const row = make('tr', {}, ...kinds.map((kind) => make('td', { class: kind })));
    byId(body).append(row);
    return row;
  });
}

export class Ladder {
  // pick(price): somebody chose a price of the book.
  constructor(pick) {
    this.asks = rowsOf('asks', LEVELS, ['sell', 'num', 'num']).reverse();
    this.bids = rowsOf('bids', LEVELS, ['buy', 'num', 'num']);
    for (const row of [...this.asks, ...this.bids]) {
      const button = make('button', { type: 'button', tabindex: '-1' });
      button.addEventListener('click', () => { if (button.dataset.price) pick(button.dataset.price); });
      row.cells[0].append(button);
    }
  }

  draw(book, rules) {
    const total = (levels) => levels.slice(0, LEVELS).reduce((sum, level) => sum + Number(level[1]), 0);
    const most = Math.max(total(book.bids), total(book.asks)) || 1;
    this.side(this.asks, book.asks, 'ask', most, rules);
    this.side(this.bids, book.bids, 'bid', most, rules);
    const [ask, bid] = [book.asks[0], book.bids[0]];
    write(byId('spread'), ask && bid ? `Spread ${rules.price(ask[0] - bid[0])}` : 'One side is empty');
  }

  side(rows, levels, kind, most, rules) {
    let sum = 0;
    rows.forEach((row, place) => {
      const level = levels[place];
      row.className = level ? kind : '';
      const button = row.cells[0].firstChild;
      button.dataset.price = level ? rules.price(level[0]).replaceAll(',', '') : '';
      sum += level ? Number(level[1]) : 0;
      write(button, level ? rules.price(level[0]) : '\u00a0');
      write(row.cells[1], level ? rules.qty(level[1]) : '');
      write(row.cells[2], level ? rules.qty(sum) : '');
      row.style.setProperty('--part', level ? `${Math.round((sum / most) * 100)}%` : '0%');
    });
  }
}

export class Tape {
  constructor() { this.rows = rowsOf('trades', TRADES, ['', 'num', 'num']); }

  draw(trades, rules) {
    this.rows.forEach((row, place) => {
      const trade = trades[place];
      row.cells[0].className = trade ? (trade.m ? 'sell' : 'buy') : '';
      write(row.cells[0], trade ? `${rules.price(trade.p)} ${trade.m ? '▾' : '▴'}` : '\u00a0');
      write(row.cells[1], trade ? rules.qty(trade.q) : '');
      write(row.cells[2], trade ? clockText(trade.T) : '');
    });
  }
}

export function drawOrders(account, rules, cancel) {
  const rows = [...account.orders.values()].sort((a, b) => b.time - a.time);
  byId('no-orders').hidden = rows.length > 0;
  byId('cancel-all').disabled = !rows.length;
  write(byId('orders-count'), rows.length ? String(rows.length) : '');
  byId('orders').replaceChildren(...rows.slice(0, MOST_ORDERS).map((order) => {
    const button = make('button', { class: 'small', type: 'button', text: 'Cancel', 'aria-label': `Cancel order ${order.orderId}` });
    button.addEventListener('click', () => cancel(order, button));
    const price = Number(order.price) ? rules.price(order.price) : 'market';
    const stop = Number(order.stopPrice) ? ` at ${rules.price(order.stopPrice)}` : '';
    const trail = Number(order.priceRate) ? ` by ${plain(order.priceRate)} %` : '';
    const share = order.closePosition ? 'whole position' : `${rules.qty(order.executedQty)} / ${rules.qty(order.origQty)}`;
    return make('tr', {},
      cell(clockText(order.time), 'wide'), cell(sideWord(order.side), order.side === 'BUY' ? 'buy' : 'sell'),
      cell(order.type.toLowerCase().replaceAll('_', ' ') + stop + trail), cell(price, 'num'),
      cell(share, 'num'), make('td', {}, button));
  }));
}

// first: the assets that stand on top.
export function drawBalances(account, first) {
  const rank = (asset) => (first.includes(asset) ? first.indexOf(asset) : first.length);
  const rows = [...account.balances].filter(([, amounts]) => amounts.some(Number))
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  byId('balances').replaceChildren(...rows.map(([asset, amounts]) => make('tr', {}, cell(asset),
    ...amounts.map((text) => make('td', { class: 'num', title: text, text: Number(text) ? amount(text) : '–' })))));
}

// rulesOf(name): the numbers of a contract. show(name): somebody wants to see it. close(position,
// button): somebody wants to be rid of a position.
export function drawPositions(account, rulesOf, show, close) {
  byId('no-positions').hidden = account.positions.length > 0;
  byId('positions').replaceChildren(...account.positions.map((row) => {
    const long = Number(row.positionAmt) > 0;
    const profit = Number(row.unRealizedProfit);
    const button = make('button', { class: 'small', type: 'button', text: 'Close', 'aria-label': `Close the position in ${row.symbol}${row.positionSide === 'BOTH' ? '' : ' ' + row.positionSide.toLowerCase()}` });
    button.addEventListener('click', () => close(row, button));
    const name = make('button', { class: 'link', type: 'button', text: row.symbol, on: { click: () => show(row.symbol) } });
    const rules = rulesOf(row.symbol);
    const size = `${long ? 'Long' : 'Short'} ${plain(Math.abs(row.positionAmt))}`;
    const asset = row.marginAsset ?? row.symbol.split('USD')[0];
    return make('tr', {},
      make('td', {}, name, make('div', { class: `slim ${long ? 'buy' : 'sell'}`, text: size })), cell(size, `num wide ${long ? 'buy' : 'sell'}`),
      cell(rules.price(row.entryPrice), 'num wide'), cell(rules.price(row.markPrice), 'num wide'),
      cell(`${signed(profit, asset.startsWith('USD') ? 2 : 8)} ${asset}`, `num ${profit < 0 ? 'sell' : 'buy'}`),
      cell(Number(row.liquidationPrice) ? rules.price(row.liquidationPrice) : '–', 'num'), make('td', {}, button));
  }));
}

export function drawTicker(ticker, rules, unit) {
  const down = Number(ticker.P) < 0;
  write(byId('change'), `${signed(Number(ticker.P), 2)} %`);
  byId('change').className = down ? 'sell' : 'buy';
  write(byId('high'), rules.price(ticker.h));
  write(byId('low'), rules.price(ticker.l));
  write(byId('volume'), `${short(ticker.v)} ${unit}`);
}

export function drawMark(mark, rules) {
  write(byId('mark'), rules.price(mark.p));
  write(byId('index'), rules.price(mark.i));
  const due = Number(mark.T) ? ` at ${clockText(Number(mark.T)).slice(0, 5)}` : '';
  write(byId('funding'), mark.r === '' ? '–' : `${grouped((Number(mark.r) * 100).toFixed(4))} %${due}`);
}
