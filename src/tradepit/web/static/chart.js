// Candles and volume, drawn by plotly.js, which comes with the plotly package.

const REDRAW_MS = 1000; // between two drawings at least
const SHARE = 25; // and so many times what the last one took: other updates do not wait for it
const FEW = 40; // with fewer candles than these the axis leaves room for those to come
const UNITS = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3 };
const UP = '--buy';
const DOWN = '--sell';

export class Chart {
  constructor(node) {
    this.node = node;
    this.rows = [];
    this.timer = 0;
    this.took = 0; // ms of the last drawing
    this.places = 2;
    this.name = '';
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    addEventListener('load', () => this.draw());
    addEventListener('resize', () => { clearTimeout(this.resizing); this.resizing = setTimeout(() => this.draw(), 150); });
  }

  // rows: as GET /api/v3/klines answers.
  begin(rows, places, symbol, interval) {
    this.rows = rows.map((row) => ({ t: row[0], o: row[1], h: row[2], l: row[3], c: row[4], v: row[5] }));
    this.places = places;
    this.name = `${symbol}, ${interval}`;
    this.step = Number(interval.slice(0, -1)) * UNITS[interval.slice(-1)];
    this.draw();
  }

  // k: as in a kline event.
  update(k) {
    const last = this.rows.at(-1);
    if (!last || k.t < last.t) return;
    const row = { t: k.t, o: k.o, h: k.h, l: k.l, c: k.c, v: k.v };
    if (k.t === last.t) this.rows[this.rows.length - 1] = row;
    else this.rows.push(row);
    if (this.rows.length > 200) this.rows.shift();
    this.timer ||= setTimeout(() => { this.timer = 0; this.draw(); }, Math.max(REDRAW_MS, this.took * SHARE));
  }

  draw() {
    if (!window.Plotly || !this.rows.length || document.hidden) return;
    const begun = performance.now();
    const probe = document.createElement('span');
    this.node.parentElement.append(probe);
    const colour = (name) => { // a colour that depends on the scheme, as rgb
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const [ink, line, up, down] = ['--soft', '--line', UP, DOWN].map(colour);
    probe.remove();
    const of = (field) => this.rows.map((row) => row[field]);
    const x = this.rows.map((row) => new Date(row.t).toISOString().slice(0, 19));
    const candles = {
      type: 'candlestick', x, open: of('o'), high: of('h'), low: of('l'), close: of('c'), name: this.name,
      increasing: { line: { color: up, width: 1 }, fillcolor: 'rgba(0,0,0,0)' }, decreasing: { line: { color: down, width: 1 }, fillcolor: down },
    };
    const volume = {
      type: 'bar', x, y: of('v'), yaxis: 'y2', hoverinfo: 'skip', marker: { color: this.rows.map((row) => (Number(row.c) < Number(row.o) ? down : up)), opacity: 0.35, line: { width: 0 } },
    };
    const layout = {
      margin: { l: 8, r: 70, t: 8, b: 26 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', showlegend: false, dragmode: 'pan',
      font: { family: 'system-ui, sans-serif', size: 11, color: ink }, uirevision: this.name, hovermode: 'x',
      xaxis: { type: 'date', rangeslider: { visible: false }, gridcolor: line, showgrid: false, linecolor: line },
      yaxis: { side: 'right', gridcolor: line, domain: [0.2, 1], tickformat: `,.${this.places}f`, fixedrange: false, zeroline: false, nticks: 7 },
      yaxis2: { domain: [0, 0.16], showticklabels: false, showgrid: false, zeroline: false, fixedrange: true },
      height: this.node.clientHeight, width: this.node.clientWidth,
    };
    const last = this.rows.at(-1);
    if (this.rows.length < FEW) {
      layout.xaxis.range = [last.t - FEW * this.step, last.t + this.step].map((at) => new Date(at).toISOString().slice(0, 19));
    }
    this.node.setAttribute('aria-label', `Candles of ${this.name}; the last: open ${last.o}, high ${last.h}, low ${last.l}, close ${last.c}`);
    // The label above says it all; the drawing's parts are nothing to be heard.
    window.Plotly.react(this.node, [volume, candles], layout, { displayModeBar: false, scrollZoom: true });
    for (const part of document.querySelectorAll('svg')) part.setAttribute('aria-hidden', 'true');
    this.took = performance.now() - begun;
  }
}
