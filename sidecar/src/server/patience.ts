/** How long what a client gave is remembered, microseconds: once to twice this time. */
const memory = 30_000_000;
/** Of the requests that could be refused unread, one in so many is read, because its client may give more time. */
const sampleEvery = 16;

/** How long clients have lately been ready to wait for an answer, which is known of a request only once it is read. */
export class Patience {
  #longest = { now: 0, before: 0 };
  #since = Number.NEGATIVE_INFINITY;
  #asked = 0;

  /** A client gives the server so much time for an answer, microseconds. */
  note(microseconds: number, now: number): void {
    this.#turn(now);
    this.#longest.now = Math.max(this.#longest.now, microseconds);
  }

  /** Microseconds; infinite where nothing is remembered. */
  longest(now: number): number {
    this.#turn(now);
    return Math.max(this.#longest.now, this.#longest.before) || Number.POSITIVE_INFINITY;
  }

  /** Should this request be read although it could be refused? */
  isSample(): boolean {
    this.#asked += 1;
    return this.#asked % sampleEvery === 0;
  }

  #turn(now: number): void {
    if (now - this.#since < memory) return;
    this.#longest = { now: 0, before: now - this.#since < 2 * memory ? this.#longest.now : 0 };
    this.#since = now;
  }
}
