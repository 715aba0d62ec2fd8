/**
 * The closest non-decreasing sequence in least squares, by pooling adjacent violators.
 * Source: Ayer et al., "An empirical distribution function for sampling with incomplete information", 1955.
 */
export function isotonic(values: readonly number[], weights: readonly number[]): number[] {
  const blocks: { mean: number; weight: number; size: number }[] = [];
  values.forEach((value, index) => {
    let block = { mean: value, weight: weights[index] ?? 1, size: 1 };
    let previous = blocks.at(-1);
    while (previous !== undefined && previous.mean > block.mean) {
      blocks.pop();
      block = pool(previous, block);
      previous = blocks.at(-1);
    }
    blocks.push(block);
  });
  return blocks.flatMap((block) => new Array<number>(block.size).fill(block.mean));
}

type Block = { mean: number; weight: number; size: number };

function pool(a: Block, b: Block): Block {
  const weight = a.weight + b.weight;
  return { mean: (a.mean * a.weight + b.mean * b.weight) / weight, weight, size: a.size + b.size };
}
