/**
 * A reader of objects that never change, such as those of a cache: each is read once for as long as it is there. Targets are
 * looked at every few seconds, and what is stored of them stays the same for days.
 */
export function parsedOnce<K extends object, V>(parse: (object: K) => V): (object: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (object) => {
    const before = known.get(object);
    if (before !== undefined) return before.value;
    const value = parse(object);
    known.set(object, { value });
    return value;
  };
}
