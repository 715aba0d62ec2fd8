interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending, without infinity. */
  readonly buckets: readonly number[];
  /** The one label and its values, each with counts of its own; no label when absent. */
  readonly label?: { readonly name: string; readonly values: readonly string[] };
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

interface Series {
  readonly counts: Float64Array;
  sum: number;
}

/**
 * A Prometheus histogram that costs a fraction of a microsecond an observation: prom-client's own builds and hashes an
 * object of labels each time, which was 4 % of the server's time on small requests. To be registered with
 * `Registry.registerMetric`.
 */
export class BucketHistogram {
  readonly #options: HistogramOptions;
  readonly #bounds: Float64Array;
  readonly #series: readonly Series[];

  constructor(options: HistogramOptions) {
    this.#options = options;
    this.#bounds = Float64Array.from(options.buckets);
    const series = () => ({ counts: new Float64Array(options.buckets.length + 1), sum: 0 });
    this.#series = (options.label?.values ?? [""]).map(series);
  }

  get name(): string {
    return this.#options.name;
  }

  /** `index` is the position of the label's value. */
  observe(value: number, index = 0): void {
    const { counts } = this.#series[index] as Series;
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket += 1;
    counts[bucket] = (counts[bucket] as number) + 1;
    (this.#series[index] as Series).sum += value;
  }

  /** What a registry asks for at each scrape. */
  async get() {
    const { name, help } = this.#options;
    const values = this.#series.flatMap((series, index) => this.#samplesOf(series, index));
    return { name, help, type: "histogram", aggregator: "sum", values };
  }

  #samplesOf({ counts, sum }: Series, index: number): Sample[] {
    const { name, label } = this.#options;
    const labels: Record<string, string> = label === undefined ? {} : { [label.name]: label.values[index] as string };
    let count = 0;
    const buckets = Array.from(counts, (own, i) => {
      count += own;
      return { metricName: `${name}_bucket`, labels: { le: this.#bounds[i] ?? "+Inf", ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
