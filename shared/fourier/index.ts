/** The discrete Fourier transform of squares. */
export { complex, Fourier, type Spectrum } from './fourier.ts';
