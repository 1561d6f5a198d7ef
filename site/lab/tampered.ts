/** Networks with one more class, the last, for pictures that somebody has changed. */

/** What that class is called, in releases and by the API. */
const tamperedLabel = 'non-natural or tampered with';

/** Whether a label says so. */
export const isTampered = ({ label }: { label: string }): boolean => label === tamperedLabel;
