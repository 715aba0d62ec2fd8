import type { KubernetesObject } from "../resource.ts";

/** The values under which an object is found. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Key sets by index name and value, kept as objects come and go. */
export class StoreIndex<T extends KubernetesObject> {
  readonly #functions: Readonly<Record<string, IndexFunction<T>>>;
  readonly #sets = new Map<string, Map<string, Set<string>>>();

  constructor(functions: Readonly<Record<string, IndexFunction<T>>>) {
    this.#functions = functions;
    for (const name of Object.keys(functions)) this.#sets.set(name, new Map());
  }

  add(key: string, object: T): void {
    for (const [name, valuesOf] of Object.entries(this.#functions)) {
      const sets = this.#sets.get(name);
      for (const value of valuesOf(object)) {
        const keys = sets?.get(value);
        if (keys === undefined) sets?.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }

  remove(key: string, object: T): void {
    for (const [name, valuesOf] of Object.entries(this.#functions)) {
      const sets = this.#sets.get(name);
      for (const value of valuesOf(object)) {
        const keys = sets?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) sets?.delete(value);
      }
    }
  }

  /** @throws {TypeError} for an index that was not declared. */
  keys(name: string, value: string): Iterable<string> {
    const sets = this.#sets.get(name);
    if (sets === undefined) throw new TypeError(`There is no index "${name}": declare it where the cache is made.`);
    return sets.get(value) ?? [];
  }
}
