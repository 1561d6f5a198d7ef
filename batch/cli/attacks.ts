/** `atlas attacks list | describe`: the library of attacks. */
import type { Command } from 'commander';
import { type Attack, attacks, citation, describeSettings, findAttack, parseSettings } from '#shared/attacks';
import { norms } from '#shared/release';
import { action, globalOptions } from './context.ts';
import { table } from './text.ts';

export function registerAttacks(program: Command): Command {
  const group = program.command('attacks').helpCommand(false).description('the attacks: their papers and settings');
  globalOptions(group.command('list'))
    .description('the attacks')
    .addHelpText('after', '\nExample:\n  atlas attacks list --json')
    .action(
      action((context) => {
        const all = [...attacks.values()];
        context.emit(all.map(describe));
        context.print(
          table(
            ['attack', 'photos', 'targets', 'ensembles', 'what it does', 'paper'],
            all
              .map(describe)
              .map((of) => [
                of.name,
                of.needsPhotos ? 'needed' : 'none',
                of.targeted ? 'yes' : 'no',
                of.usesModel && of.ensembles ? 'yes' : 'no',
                of.summary,
                of.paper ? citation(of.paper) : '',
              ]),
          ),
        );
      }),
    );
  globalOptions(group.command('describe'))
    .description('one attack: its paper, and its settings with their defaults')
    .argument('<name>', 'name of an attack')
    .addHelpText('after', '\nExample:\n  atlas attacks describe cosine-uap')
    .action(
      action((context, _options, name: string) => {
        const attack = findAttack(name);
        context.emit(describe(attack));
        const lines = [`${attack.name}: ${attack.summary}`];
        if (attack.paper) lines.push(citation(attack.paper));
        const settings = describeSettings(attack);
        lines.push(
          '',
          table(
            ['setting', 'default', 'meaning'],
            settings.map((setting) => [
              setting.name,
              setting.default === null ? '' : String(setting.default),
              setting.description,
            ]),
          ),
        );
        context.print(lines.join('\n'));
      }),
    );
  return group;
}

function describe(attack: Attack) {
  const { name, summary, paper, usesModel, ensembles, keeps } = attack;
  const settings = describeSettings(attack);
  return {
    ...{ name, summary, paper, usesModel, ensembles, keeps, norms },
    needsPhotos: usesModel && !attack.dataFree(parseSettings(attack)),
    targeted: settings.some((setting) => setting.name === 'target'),
    settings,
  };
}
