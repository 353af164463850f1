// Numbers as texts.

const decimals = (step) => (step.replace(/0+$/, '').split('.')[1] || '').length;

export const grouped = (text) => {
  const [whole, part] = String(text).split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part ? '.' + part : '');
};

export const plain = (text) => grouped(String(text).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''));
// An amount of money: what matters of it in a narrow column.
export const amount = (text) => {
  const size = Math.abs(text);
  return plain(Number(text).toFixed(size >= 100_000 ? 0 : size >= 1000 ? 2 : 8));
};
export const short = (value) => Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 }).format(value);
export const signed = (value, places) => `${value < 0 ? '−' : '+'}${grouped(Math.abs(value).toFixed(places))}`;

// What the filters of a symbol say of its numbers.
export class Rules {
  constructor(row) {
    const filters = Object.fromEntries(row.filters.map((filter) => [filter.filterType, filter]));
    const least = filters.NOTIONAL || filters.MIN_NOTIONAL || {};
    this.priceDecimals = decimals(filters.PRICE_FILTER.tickSize);
    this.qtyDecimals = decimals(filters.LOT_SIZE.stepSize);
    this.minQty = Number(filters.LOT_SIZE.minQty);
    this.minNotional = Number(least.minNotional ?? least.notional ?? 0);
  }

  price(value) { return grouped(Number(value).toFixed(this.priceDecimals)); }

  qty(value) { return grouped(Number(value).toFixed(this.qtyDecimals)); }
}
