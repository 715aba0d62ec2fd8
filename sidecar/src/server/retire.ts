import type { RunningModel } from "./running-model.ts";

/** The engines end when their last request is answered, or when the time is up. */
export async function retire(model: RunningModel, drainMilliseconds: number): Promise<void> {
  const { dispatcher, pool, pipeline } = model;
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMilliseconds);
  });
  await Promise.race([stopTaking(model).then(() => dispatcher.drained()), timeUp]);
  clearTimeout(timer);
  dispatcher.abandon();
  await pipeline?.close();
  await pool.close(0);
}

/** Refuses new requests. What the pipeline has already taken is still submitted before the dispatcher refuses. */
export async function stopTaking({ dispatcher, pipeline }: RunningModel): Promise<void> {
  if (pipeline !== undefined) await pipeline.stop();
  dispatcher.stop();
}
