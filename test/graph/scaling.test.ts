/** One graph that is told how pixels are scaled says what graphs say that are prepared so. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inputForm, prepare, readModel, scalingOf, withScaling } from '#shared/graph';
import { inputFacts, type Normalisation, normalisationsFor, perChannel, rawPixels } from '#shared/zoo';
import { noise, open } from './support.ts';

const caseOf = (name: string) => readModel(new Uint8Array(readFileSync(new URL(`../cases/${name}`, import.meta.url))));
const canvas = 24;
const pixels = noise(2 * 3 * canvas ** 2, 5).map((value) => Math.round(127.5 + 127 * value));
const feed = { canvas: { data: pixels, shape: [2, 3, canvas, canvas] } };

test.each(['gray.onnx', 'nonsquare.onnx', 'nhwc-N11K.onnx', 'stn-dyn.onnx'])('of %s', async (name) => {
  const model = caseOf(name);
  const form = inputForm(model);
  const { channels } = form;
  const preparedFor = (normalisation: Normalisation) =>
    prepare(model, { ...inputFacts(form), ...normalisation, canvas });
  const scaled = await open(withScaling(preparedFor(rawPixels(channels))));
  const ways = normalisationsFor({ channels, isWhole: false });
  expect(ways.length).toBeGreaterThan(4);
  const seen = new Set<string>();
  for (const { normalisation } of ways) {
    const { mean, std } = normalisation;
    const prepared = preparedFor({
      ...normalisation,
      ...{ mean: perChannel(mean, channels), std: perChannel(std, channels) },
    });
    const { logits: expected } = await (await open(prepared))(feed);
    const { matrix, offset } = scalingOf(normalisation);
    const { logits } = await scaled({
      ...feed,
      ...{ matrix: { data: matrix, shape: [9] }, offset: { data: offset, shape: [3] } },
    });
    const size = Math.max(...expected.map(Math.abs));
    for (const [i, value] of expected.entries()) expect(Math.abs(logits[i] - value)).toBeLessThan(2e-5 * size + 1e-5);
    seen.add(Array.from(expected, (value) => value.toFixed(4)).join());
  }
  // The ways do differ on it.
  expect(seen.size).toBe(ways.length);
});
