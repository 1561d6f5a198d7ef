/** A model behind a defence, as one graph: to be crafted on by an attacker who knows of it. */
import { createHash } from 'node:crypto';
import { type Defence, readModel, withDefence, writeModel } from '#shared/graph';
import { type PreparedResult, preparedResult, readPrepared } from '../../analyses/index.ts';
import { defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  defence: Defence;
}

export const defendStep = defineStep<Inputs, PreparedResult>({
  name: 'defend',
  source: import.meta.url,
  result: preparedResult,
  async run(_context, { prepared, defence }) {
    const bytes = writeModel(withDefence(readModel(await readPrepared(prepared)), defence));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { result: { ...prepared.result, sha256 }, files: { 'model.onnx': bytes } };
  },
});
