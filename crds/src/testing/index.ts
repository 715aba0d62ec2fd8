export { type ApiCase, apiCases, changed, forbiddenChange, minimal } from "./api-cases.ts";
export { ruleCatalogue } from "./rule-catalogue.ts";
