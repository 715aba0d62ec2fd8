/** A plan is held against what it did after so many seconds, unless the operator is set otherwise. */
export const baselineSeconds = 300;
