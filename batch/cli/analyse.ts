/** `atlas analyse`: the findings of a study or of a release. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type Manifest, perturbationRecord } from '#shared/release';
import { AtlasError, UsageError } from '../errors/index.ts';
import { readJson } from '../files/index.ts';
import { folderSource, readManifest } from '../publish/index.ts';
import { runStudy } from '../studies/index.ts';
import { action, globalOptions } from './context.ts';
import { transferMatrix } from './matrix.ts';
import { here, reporter } from './run.ts';

export function registerAnalyse(program: Command): void {
  globalOptions(program.command('analyse'))
    .description('the findings of a study, which is run as far as needed, or of a release')
    .argument('<study|release>', 'study file, or a folder with latest.json')
    .addOption(new Option('--only <finding>', 'which finding').choices(['transfer']).default('transfer'))
    .option('--out <dir>', 'folder of a study (default: .atlas/<id of the study>)')
    .addHelpText(
      'after',
      '\nExamples:\n  atlas analyse studies/starter.json\n  atlas analyse .atlas/starter/release --json',
    )
    .action(
      action(async (context, options: { only: string; out?: string }, where: string) => {
        if (!existsSync(where)) {
          throw new UsageError(`There is no ${where}. Give a study file, or the folder of a release.`);
        }
        let release = where;
        if (statSync(where).isFile()) {
          const { json, ...quiet } = context;
          const run = await runStudy({
            study: where,
            out: options.out,
            ...{ provider: context.provider, workers: context.workers, signal: context.signal },
            // Standard output is for the finding alone.
            onEvent: reporter({ ...quiet, json, emit: () => {} }),
          });
          release = run.release;
        }
        const { root, manifest } = await manifestOf(release);
        const table = manifest.tables.find(({ name }) => name === options.only);
        if (!table)
          throw new AtlasError(`The release ${release} has no table "${options.only}". Build it again from its study.`);
        const rows = [];
        for (const { record } of manifest.perturbations) {
          const { fooling } = await readJson(join(root, ...record.split('/')), perturbationRecord, 'record');
          for (const row of fooling.evaluation) rows.push(row);
        }
        const paths = { csv: join(root, ...table.csv.split('/')), parquet: join(root, ...table.parquet.split('/')) };
        context.emit({ version: manifest.version, tables: [{ name: table.name, rows: table.rows, ...paths }] });
        context.print(`${transferMatrix(rows)}\n\nTables: ${here(paths.csv)}\n        ${here(paths.parquet)}`);
      }),
    );
}

async function manifestOf(folder: string): Promise<{ root: string; manifest: Manifest }> {
  const source = await folderSource(folder);
  const { manifest, problems } = await readManifest(source);
  // A key that is not safe is among the problems: it may lead out of the folder.
  if (manifest && problems.length === 0) return { root: source.root, manifest };
  const shown = problems.slice(0, 3).map(({ key, problem }) => `${key} ${problem}`);
  throw new AtlasError(
    `The release ${folder} cannot be read: ${shown.join('; ')}. \`atlas verify\` says more; build it again from its study.`,
  );
}
