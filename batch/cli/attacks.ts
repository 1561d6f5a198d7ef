/** `atlas attacks list | describe`: the library of attacks. */
import type { Command } from 'commander';
import { type Attack, attacks, citation, describeSettings, findAttack } from '../attacks/index.ts';
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
            ['attack', 'what it does', 'paper'],
            all.map((attack) => [attack.name, attack.summary, attack.paper ? citation(attack.paper) : '']),
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
  const { name, summary, paper, usesModel } = attack;
  return { name, summary, paper, usesModel, norms: ['inf', '2'], settings: describeSettings(attack) };
}
