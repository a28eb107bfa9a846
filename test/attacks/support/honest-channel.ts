/** The channel of the honest clients of this group. */
export const honestChannel = (group: number): string => `honest-${group}`
