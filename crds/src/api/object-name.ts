import * as z from "zod";
import { subdomainPattern } from "./model-uri.ts";

/** Name of an object of this kind, as the API server takes it. */
export const objectName = (kind: string) =>
  z
    .string()
    .max(253)
    .regex(new RegExp(`^${subdomainPattern}$`), `expected the name of a ${kind}`);
