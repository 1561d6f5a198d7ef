/** `atlas models inspect`: can this file be prepared and differentiated? */
import type { Command } from 'commander';
import { inspect, readModel } from '#shared/graph';
import { UsageError } from '../errors/index.ts';
import { readBytes } from '../files/index.ts';
import { action, globalOptions } from './context.ts';

export function registerInspect(models: Command): void {
  globalOptions(models.command('inspect'))
    .description('what an ONNX file is, and whether it can be prepared and differentiated')
    .argument('<file.onnx>', 'any ONNX model')
    .addHelpText('after', '\nExample:\n  atlas models inspect network.onnx --json')
    .action(
      action(async (context, _options, file: string) => {
        const found = inspect(readModel(await readModelFile(file)));
        context.emit(found);
        const operators = Object.entries(found.operators)
          .sort(([, a], [, b]) => b - a)
          .map(([name, count]) => `${count} ${name}`);
        const missing = found.missing.map(({ operator, node }) => `${operator} (${node})`);
        const lines = [
          `input       ${found.input.name} ${found.input.type} [${found.input.shape.join(', ')}]`,
          `output      ${found.output.name} [${found.output.shape.join(', ')}]${found.classes === null ? '' : `, ${found.classes} classes`}`,
          `parameters  ${found.parameters.toLocaleString('en')}`,
          `operators   ${operators.join(', ')} (operator set ${found.opset})`,
          `can be prepared        ${found.preparable ? 'yes' : `no: ${found.reason}`}`,
          `can be differentiated  ${found.differentiable ? 'yes' : `no: there is no gradient rule for ${missing.join(', ')}`}`,
        ];
        context.print(lines.join('\n'));
      }),
    );
}

/** @throws UsageError when the file cannot be read. */
export async function readModelFile(file: string): Promise<Uint8Array> {
  try {
    return await readBytes(file);
  } catch (error) {
    throw new UsageError(`The model ${file} cannot be read: ${(error as Error).message}. Check the path.`);
  }
}
