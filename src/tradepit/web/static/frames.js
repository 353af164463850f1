// Drawing: at most once a frame, whatever comes, and how soon after its event a thing is seen.

const KEPT = 5000;
const LATELY_MS = 60_000; // what was longer ago says nothing of now

export class Frames {
  // parts: what to draw, by name. lag: the node that says how soon.
  constructor(parts, lag) {
    this.parts = parts;
    this.lag = lag;
    this.dirty = new Set();
    this.asked = false;
    this.waits = []; // events that the next frame shows: when they happened
    this.lags = []; // [when it was drawn, how long after its event]
    setInterval(() => this.tell(), 1000);
  }

  soon(part, eventMs) {
    this.dirty.add(part);
    if (eventMs) this.waits.push(eventMs);
    if (!this.asked) {
      this.asked = true;
      requestAnimationFrame(() => this.draw());
    }
  }

  draw() {
    this.asked = false;
    for (const part of this.dirty) this.parts[part]();
    this.dirty.clear();
    const drawn = this.waits.splice(0);
    setTimeout(() => { // after the frame was painted
      const now = Date.now();
      for (const at of drawn) this.lags.push([now, now - at]);
      if (this.lags.length > KEPT) this.lags.splice(0, this.lags.length - KEPT);
    });
  }

  tell() {
    const since = Date.now() - LATELY_MS;
    const fresh = this.lags.findIndex(([at]) => at > since);
    this.lags.splice(0, fresh < 0 ? this.lags.length : fresh);
    if (!this.lags.length) return;
    const sorted = this.lags.map(([, lag]) => lag).sort((a, b) => a - b);
    const p95 = sorted[Math.floor(sorted.length * 0.95)];
    this.lag.dataset.p95 = p95;
    this.lag.dataset.count = sorted.length;
    this.lag.textContent = Math.abs(p95) < 60_000 ? `updates within ${p95} ms` : 'the clock is not the wall’s';
  }
}
