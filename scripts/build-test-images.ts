import { setPriority } from "node:os";
import { setup } from "./test-images.ts";

// Beside the fast tests, which go first.
setPriority(10);
await setup();
