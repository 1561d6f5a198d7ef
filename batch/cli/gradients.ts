/** `atlas gradients vjp | check`: gradients of any ONNX file, and how well they agree with finite differences. */
import type { Command } from 'commander';
import { registerCheck } from './gradients-check.ts';
import { registerVjp } from './gradients-vjp.ts';

export function registerGradients(program: Command): void {
  const gradients = program
    .command('gradients')
    .helpCommand(false)
    .description('gradients of networks with respect to their input');
  registerVjp(gradients);
  registerCheck(gradients);
}
