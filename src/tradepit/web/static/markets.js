// The market of one symbol on the control page: where its price is, and how residents act on it.

import { attempt, byId, control, make, say } from './common.js';
import { plain } from './numbers.js';

const FIELDS = { last: 'symbol-price', spreadMultiple: 'spread-by', depthMultiple: 'depth', volatilityMultiple: 'volatility', activityMultiple: 'activity' };
const said = byId('said');
let shown = null; // the row that the fields were filled from

async function showSymbol() {
  const { symbols } = await control('GET', 'market', { symbol: byId('symbol').value });
  [shown] = symbols;
  for (const [name, field] of Object.entries(FIELDS)) byId(field).value = plain(shown[name]).replaceAll(',', '');
  byId('quiet').checked = shown.quiet;
  byId('status').value = shown.status;
  facts();
}

function facts() {
  const side = (price, depth, prices) => (Number(price) ? `${plain(price)} (${plain(depth)} within 1 %, ${prices} prices)` : 'nothing');
  byId('symbol-facts').textContent = `Bid ${side(shown.bid, shown.bidDepth, shown.bidPrices)} · ask ${side(shown.ask, shown.askDepth, shown.askPrices)} · spread ${plain(shown.spread)}`;
}

byId('symbol').addEventListener('change', () => attempt(said, showSymbol));
byId('symbol-market').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(said, async () => {
    const symbol = byId('symbol').value;
    if (byId('status').value !== shown.status) await control('PUT', 'symbols', { symbol, status: byId('status').value });
    const ask = { symbol };
    for (const [name, field] of Object.entries(FIELDS)) {
      const value = byId(field).value.trim();
      if (Number(value) !== Number(shown[name])) ask[name] = value;
    }
    if (byId('quiet').checked !== shown.quiet) ask.quiet = byId('quiet').checked;
    if (Object.keys(ask).length > 1) await control('PUT', 'market', ask);
    await showSymbol();
    say(said, `${symbol} is set.`);
  }, byId('set-symbol'));
});

export async function beginMarkets() {
  const { symbols } = await control('GET', 'market');
  byId('symbol').append(...symbols.map((row) => make('option', { value: row.symbol, text: row.symbol })));
  if (symbols.length) await showSymbol();
}

export const refreshMarket = () => (shown && !byId('symbol-market').contains(document.activeElement) ? showSymbol() : undefined);
