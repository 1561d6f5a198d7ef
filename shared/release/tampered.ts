/** What the further class of a hardened network is called, after the article that proposed it (arXiv 1610.08401). */
export const tamperedLabel = 'non-natural or tampered with';
