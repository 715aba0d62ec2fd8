/**
 * Node flags for a process that runs the server. Tensors live outside of the JavaScript heap, and V8 collects the whole
 * heap each time that a share of the heap's size has been allocated there: with a heap of 25 MB and answers of 1 MB that
 * is ten times a second, and was two thirds of the server's CPU time (5.8 of 9 ms per request). A larger initial size
 * moves that limit; with it the collector took 1.4 ms.
 */
export const serverNodeFlags: readonly string[] = ["--initial-heap-size=256"];
