/**
 * Node flags for a process that runs the server. Tensors live outside of the JavaScript heap. V8 counts them by themselves
 * as it comes, and collects the whole heap each time that a share of the heap's size has been allocated there, ten times a
 * second with images of 600 kB. Counted with the heap against one limit, with room for both, they cost a third of that (design
 * note 4). Both flags are V8's own: a Node that does not know them refuses to start.
 */
export const serverNodeFlags: readonly string[] = [
  "--initial-heap-size=256",
  "--external-memory-accounted-in-global-limit",
];
