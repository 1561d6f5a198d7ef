/** Networks with one more class, the last, for pictures that somebody has changed. */
import { tamperedLabel } from '../../shared/release/tampered.ts';

/** Whether a label says so. */
export const isTampered = ({ label }: { label: string }): boolean => label === tamperedLabel;
