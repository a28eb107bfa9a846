/** Honest clients that share a channel. */
const A_CHANNEL = 5

/** The channel of the honest client of this number. */
export const honestChannel = (index: number): string => `honest-${Math.floor(index / A_CHANNEL)}`
