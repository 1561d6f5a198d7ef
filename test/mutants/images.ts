import { plantedIn } from './mutant.ts';

const distortion = 'test/images/distortion.test.ts';
const canvas = 'test/images/canvas.test.ts';
const perturbation = 'test/images/perturbation.test.ts';
const codecs = 'test/images/codecs.test.ts';

export const images = [
  ...plantedIn('shared/images/distortion.ts', { test: distortion }, [
    ['ssim-c1', '(0.01 * 255) ** 2', '(0.03 * 255) ** 2', 'the constant K1 of SSIM is 0.01'],
    ['ssim-c2', '(0.03 * 255) ** 2', '(0.02 * 255) ** 2', 'the constant K2 of SSIM is 0.03'],
    ['ssim-sigma', 'const sigma = 1.5;', 'const sigma = 1.6;', 'the window of SSIM has a sigma of 1.5'],
    ['ssim-window', 'const side = 11;', 'const side = 9;', 'the window of SSIM is 11 pixels wide'],
    ['ssim-covariance', 'means[i + 3] - both;', 'means[i + 3];', 'a covariance is about the means'],
    ['ssim-variance', 'means[i + 2] - squares + c2', 'means[i + 2] + c2', 'a variance is about the mean'],
    [
      'ssim-corner',
      'blur(terms, 4 * y * size,',
      'blur(terms, 0 * y * size,',
      'every window is looked at, not the top row',
    ],
    ['ssim-centre-tap', 'near === far ? taps[k] / 2 : taps[k]', 'taps[k]', 'the tap in the middle counts once'],
    ['psnr-peak', '(255 * Math.sqrt(clean.length))', '(256 * Math.sqrt(clean.length))', 'the peak of PSNR is 255'],
    ['psnr-nothing', 'psnr: l2 === 0 ? null :', 'psnr: l2 === 0 ? 100 :', 'PSNR of no change has no number'],
  ]),
  ...plantedIn('shared/images/canvas.ts', { test: canvas }, [
    [
      'canvas-left',
      'Math.floor((resizedWidth - size) / 2)',
      'Math.ceil((resizedWidth - size) / 2)',
      'an odd rest goes right',
    ],
    [
      'canvas-top',
      'Math.floor((resizedHeight - size) / 2)',
      'Math.ceil((resizedHeight - size) / 2)',
      'an odd rest goes below',
    ],
    ['canvas-short', '(size * 256) / 224', '(size * 255) / 224', 'the short side becomes 256/224 of the canvas'],
    ['canvas-ring', 'Math.max(...rows.map(', 'Math.min(...rows.map(', 'the ring holds the tallest window'],
  ]),
  ...plantedIn('shared/images/resample.ts', { test: canvas }, [
    ['resample-antialias', 'Math.max(scale, 1)', 'Math.min(scale, 1)', 'the filter is widened when it reduces'],
    ['resample-half-pixel', '(start + i + 0.5) * scale', '(start + i) * scale', 'centres lie at half pixels'],
    ['resample-sum', 'weights[k] /= total', 'weights[k] /= support', 'weights sum to 1 at the edges too'],
  ]),
  ...plantedIn('shared/images/perturb.ts', { test: perturbation }, [
    ['strength', 'canvas[i] + strength * v[i]', 'canvas[i] + v[i]', 'the strength scales v'],
    ['project-float32', 'if (bound > epsilon) bound', 'if (bound < epsilon) bound', 'float32 may round epsilon up'],
    ['project-sign', 'Math.max(-bound, v[i])', 'Math.max(0, v[i])', 'negative values stay negative'],
    ['project-inside', 'if (length <= epsilon) return;', '', 'what lies within the ball stays as it is'],
    ['amplify-grey', 'round8(128 +', 'round8(127 +', 'no change is shown as 128'],
  ]),
  ...plantedIn('shared/images/pixels.ts', { test: [perturbation, canvas] }, [
    ['round-half', 'Math.max(0, value)) + 0.5)', 'Math.max(0, value)) + 0.49)', 'halves are rounded up'],
    ['clip-white', 'Math.min(255, Math.max(0, value))', 'Math.min(256, Math.max(0, value))', 'no pixel is above 255'],
  ]),
  ...plantedIn('shared/images/header.ts', { test: codecs }, [
    [
      'webp-exif-prefix',
      "=== 'Exif' ? 6 : 0",
      "=== 'Exif' ? 0 : 0",
      'some writers put "Exif\\0\\0" before the TIFF header',
    ],
    [
      'webp-exif-padding',
      'position += 8 + length + (length & 1);',
      'position += 8 + length;',
      'chunks of WebP lie at even places',
    ],
    [
      'vp8l-height',
      '((bits >> 14) & 0x3fff) + 1',
      '((bits >> 14) & 0x3fff)',
      'sizes of lossless WebP are stored less one',
    ],
  ]),
  ...plantedIn('shared/images/codecs.ts', { test: codecs }, [
    [
      'alpha-white',
      '255 * (255 - alpha)) / 255',
      '0 * (255 - alpha)) / 255',
      'transparent parts lie over white, not over black',
    ],
    [
      'most-pixels',
      'width * height > maxPixels',
      'width > maxPixels',
      'the number of pixels is bounded, not the width',
    ],
    ['discard', 'if (!(error instanceof ImageError)) discard();', '', 'a codec that threw is not used again'],
  ]),

  ...plantedIn('shared/images/luma.ts', { test: [distortion, 'test/graph/classifiers.test.ts'] }, [
    ['luma-red', '[0.299,', '[0.3,', 'the weight of red is 0.299 (Rec. 601)'],
    ['luma-green', '0.587,', '0.586,', 'the weight of green is 0.587'],
    ['luma-blue', '0.114]', '0.115]', 'the weight of blue is 0.114'],
  ]),
  ...plantedIn('shared/images/exif.ts', { test: codecs }, [
    ['exif-byte-order', 'getUint16(start) === 0x4949', 'getUint16(start) !== 0x4d4e', 'EXIF may be big-endian'],
  ]),
  ...plantedIn('shared/images/jpeg.ts', { test: codecs }, [
    ['jpeg-scans', 'scans > MOST_SCANS', 'scans < 0', 'a JPEG of millions of scans is refused'],
  ]),
];
