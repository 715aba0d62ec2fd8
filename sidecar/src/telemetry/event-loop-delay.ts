/** Often enough to see a stall that a client would feel. */
const intervalMilliseconds = 50;

/**
 * Watches how late the event loop comes to its timers: whatever holds it up holds up every request. Gives the function
 * that ends the watch, which does not keep the process alive either. `observe` is told seconds.
 */
export function watchEventLoopDelay(observe: (seconds: number) => void): () => void {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    observe(Math.max(0, now - last - intervalMilliseconds) / 1000);
    last = now;
  }, intervalMilliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
