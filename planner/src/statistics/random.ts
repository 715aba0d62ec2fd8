/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded generator, so that a simulation or a bootstrap can be repeated to the digit.
 * Source: sfc32 of Chris Doty-Humphrey's PractRand.
 */
export function seededRandom(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, (seed / 4294967296) | 0, 0x9e3779b9, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 16; i += 1) next();
  return next;
}

/** An exponentially distributed number with mean 1: the gap between arrivals of a Poisson process of rate 1. */
export const exponential = (random: Random): number => -Math.log(1 - random());

/** A normally distributed number with mean 0 and deviation 1 (Box and Muller, 1958). */
export const normal = (random: Random): number => Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
