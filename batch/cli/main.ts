/** `atlas`: one file per command beside this one; this one only puts them together. */
import { Command, CommanderError } from 'commander';
import { suggestion } from '#shared/errors';
import about from '../../package.json' with { type: 'json' };
import { registerAnalyse } from './analyse.ts';
import { registerAttacks } from './attacks.ts';
import { endWith, finish, listenForEndings, paragraph } from './context.ts';
import { registerCraft } from './craft.ts';
import { registerEvaluate } from './evaluate.ts';
import { registerGradients } from './gradients.ts';
import { registerHarden } from './harden.ts';
import { registerIdentify } from './identify.ts';
import { registerJobs } from './jobs.ts';
import { registerModels } from './models.ts';
import { registerInspect } from './models-inspect.ts';
import { registerRelease } from './release.ts';
import { registerRun } from './run.ts';
import { registerServe } from './serve.ts';
import { registerWork } from './work.ts';

const program = new Command('atlas')
  .description('Craft, measure and publish universal perturbations of image classifiers.')
  .version(about.version)
  .showSuggestionAfterError(true)
  .helpCommand(false)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`${errorParagraph(text)}\n`) })
  .addHelpText(
    'after',
    '\nExample:\n  atlas run studies/starter.json\n\nExit status: 0 done, 1 failed, 2 bad usage or bad input, 130 interrupted.',
  );

registerRun(program);
registerInspect(registerModels(program));
registerGradients(program);
registerAttacks(program);
registerCraft(program);
registerEvaluate(program);
registerHarden(program);
registerIdentify(program);
registerAnalyse(program);
registerRelease(program);
registerServe(program);
registerWork(program);
registerJobs(program);

function errorParagraph(text: string): string {
  // commander looks for missing options first; a misspelt one is missing because it is unknown, and that is what a
  // person wants to hear.
  const said = unknownFlag() ?? paragraph(text).replace(/^error: /, '');
  return `atlas: ${said[0].toUpperCase()}${said.slice(1)}${/[.?!)]$/.test(said) ? '' : '.'} Add --help to the command to see what it takes.`;
}

/** The first flag on the command line that its command does not have. */
function unknownFlag(): string | null {
  let command = program;
  for (const word of process.argv.slice(2)) {
    if (word === '--') return null;
    if (!word.startsWith('--')) {
      command = command.commands.find((one) => one.name() === word) ?? command;
      continue;
    }
    const flag = word.split('=')[0];
    const known = ['--help', '--version', ...command.options.map(({ long }) => long ?? '')];
    if (command !== program && !known.includes(flag)) return `Unknown option '${flag}'.${suggestion(flag, known)}`;
  }
  return null;
}

listenForEndings();
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) finish(error);
  // --help and --version are done; everything else that commander throws is bad usage, and it has said so.
  else endWith(error.exitCode === 0 ? 0 : 2);
}
