// The worlds of the server, to go from one to another on the page that is open.

import { base, byId, control, make } from './common.js';

// Where the page that is open is in a world. first: whether it is the one without a prefix.
export const pageIn = (world) => `${world.first ? '' : `/@${world.name}`}${location.pathname.slice(base.length)}${location.hash}`;

export const isHere = (world) => (world.first ? ['', `/@${world.name}`].includes(base) : base === `/@${world.name}`);

export async function beginWorlds() {
  let rows = [];
  try {
    rows = (await control('GET', 'worlds')).filter((row) => !row.closed);
  } catch { return; /* opened from another machine */ }
  const select = byId('world');
  select.replaceChildren(...rows.map((row) => make('option', { value: row.name, text: row.name, selected: isHere(row) })));
  select.hidden = rows.length < 2;
  select.onchange = () => { location.assign(pageIn(rows.find((row) => row.name === select.value))); };
}
