/** A plan is held against what it did after so many seconds, when its first traffic has filled the blocks. */
export const baselineSeconds = 300;
