/** `PROOF_SHARE=0.1` does a tenth of the work. What a proof wants of the whole amount does not hold then. */
const share = Number(process.env["PROOF_SHARE"] ?? 1);

/** So much of an amount as is to be done, one at least. */
export const shareOf = (amount: number): number => Math.max(1, Math.round(share * amount));
