// The account that trades on the page: its orders, balances and positions, kept up to date.

import { attempt, tell } from './common.js';

const AGAIN_MS = 1500; // before a lost socket is opened again
const GATHER_MS = 250; // events that come together are one reason to read
const READ_MS = 1000; // between two readings: they cost what every client's cost
const POSITIONS_MS = 3000; // how often marks and profits of open positions are read
const OVER = new Set(['FILLED', 'CANCELED', 'REJECTED', 'EXPIRED', 'EXPIRED_IN_MATCH']);

export class Account {
  // changed(part): what is to be drawn. said: the line that tells what was refused.
  constructor(changed, said) {
    this.changed = changed;
    this.said = said;
    this.key = null; // { name, apiKey, secret }
    this.venue = null;
    this.symbol = '';
    this.socket = null;
    this.turn = 0;
    this.events = 0;
    this.readAt = -READ_MS;
    this.asked = null; // which following is the last
    this.timer = 0;
    this.clear();
    setInterval(() => this.watch().catch(() => {}), POSITIONS_MS);
  }

  clear() {
    this.orders = new Map();
    this.balances = new Map();
    this.positions = [];
    this.hedged = null; // not known yet
    this.setting = null; // leverage and margin type of the symbol
    this.turn += 1;
    for (const part of ['orders', 'balances', 'positions']) this.changed(part);
  }

  // Another key, another exchange, or another symbol.
  use(next) {
    const moved = ['key', 'venue'].some((name) => name in next && next[name] !== this[name]);
    Object.assign(this, next);
    if ('symbol' in next) this.setting = null;
    if (moved) {
      this.clear();
      this.follow();
    } else if (this.key) this.renew();
  }

  // Read all of it again, what seldom changes too.
  renew() {
    this.hedged = null;
    this.soon();
  }

  async follow() {
    const { key, venue } = this;
    this.socket?.close();
    this.socket = null;
    const asked = this.asked = {};
    if (!key || !venue || !this.symbol) return;
    let socket;
    try {
      socket = await venue.follow(key);
    } catch (failed) {
      if (asked !== this.asked) return;
      tell(this.said, failed);
      if (failed.code === undefined) this.followAgain(asked); // else it is refused, now and later
      return;
    }
    if (asked !== this.asked) { socket.close(); return; }
    this.socket = socket;
    socket.addEventListener('open', () => this.soon());
    socket.addEventListener('message', (message) => this.hear(JSON.parse(message.data)));
    socket.addEventListener('close', () => this.followAgain(asked));
  }

  followAgain(asked) {
    setTimeout(() => { if (asked === this.asked) this.follow(); }, AGAIN_MS);
  }

  hear(message) {
    const told = this.venue.heard(message);
    if (!told) return;
    this.events += 1;
    if (told === true) { this.soon(); return; }
    if (told.order) {
      const id = String(told.order.orderId);
      if (OVER.has(told.order.status)) this.orders.delete(id);
      else if (told.order.symbol === this.symbol) this.orders.set(id, told.order);
      this.changed('orders');
    }
    if (told.balances) {
      for (const [asset, ...amounts] of told.balances) this.balances.set(asset, amounts);
      this.changed('balances');
    }
  }

  soon() {
    const wait = Math.max(GATHER_MS, this.readAt + READ_MS - performance.now());
    this.timer ||= setTimeout(() => { this.timer = 0; attempt(this.said, () => this.read()); }, wait);
  }

  async read() {
    if (!this.key) return;
    this.readAt = performance.now();
    const turn = ++this.turn;
    const events = this.events;
    const found = await this.venue.load(this.key, this.symbol, this.hedged);
    if (turn !== this.turn) return;
    this.orders = new Map(found.orders.map((order) => [String(order.orderId), order]));
    this.balances = new Map(found.balances.map(([asset, ...amounts]) => [asset, amounts]));
    this.positions = found.positions ?? [];
    this.hedged = found.hedged ?? false;
    this.setting = found.setting ?? null;
    for (const part of ['orders', 'balances', 'positions']) this.changed(part);
    if (events !== this.events) this.soon(); // what was heard meanwhile may be newer
  }

  // Marks and profits move by themselves; a size that moved had a fill.
  async watch() {
    if (document.hidden || !this.key || !this.positions.length) return;
    const turn = this.turn;
    const sizes = (rows) => rows.map((row) => row.symbol + row.positionSide + row.positionAmt).join();
    const found = await this.venue.held(this.key);
    if (turn !== this.turn) return;
    if (sizes(found) !== sizes(this.positions)) this.soon();
    this.positions = found;
    this.changed('positions');
  }
}
