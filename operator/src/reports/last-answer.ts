import type { Clock } from "../runtime/index.ts";

interface Problem {
  readonly problem: string;
}

/** What somebody said last. A good answer counts for a while although nothing but problems came since. */
export class LastAnswer<Good extends object> {
  readonly #clock: Clock;
  readonly #oldMilliseconds: number;
  #answer: Good | Problem | null = null;
  /** When the last good answer came. */
  #goodAt = 0;

  /** `oldMilliseconds`: how long a good answer counts. */
  constructor(clock: Clock, oldMilliseconds: number) {
    this.#clock = clock;
    this.#oldMilliseconds = oldMilliseconds;
  }

  /** Whether nothing was ever said, not even what the problem is. */
  get missing(): boolean {
    return this.#answer === null;
  }

  note(found: Good | Problem): void {
    if (!isProblem(found)) {
      this.#answer = found;
      this.#goodAt = this.#clock.now();
    } else if (this.#answer === null || isProblem(this.#answer) || this.#isOld()) {
      this.#answer = found;
    }
  }

  /** What counts now. */
  read(): Good | Problem {
    if (this.#answer === null) return { problem: "it has not answered yet" };
    return isProblem(this.#answer) || !this.#isOld() ? this.#answer : { problem: "it answers no more" };
  }

  #isOld(): boolean {
    return this.#clock.now() - this.#goodAt > this.#oldMilliseconds;
  }
}

const isProblem = (answer: object): answer is Problem => "problem" in answer;
