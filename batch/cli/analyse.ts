/** `atlas analyse`: the findings of a study or of a release. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AtlasError, UsageError } from '#shared/errors';
import { perturbationRecord, type TransferRow } from '#shared/release';
import { findFindings, findings, readRows } from '../analyses/index.ts';
import { readJson, writeAtomic } from '../files/index.ts';
import { folderSource, readManifest, renderTable } from '../publish/index.ts';
import { runFindings } from '../studies/index.ts';
import { action, type Context, globalOptions, repeated } from './context.ts';
import { transferMatrix } from './matrix.ts';
import { here, reporter, sentences } from './run.ts';
import { table } from './text.ts';

interface Options {
  only?: string[];
  out?: string;
}

/** Tables as files, and what the transfer matrix is drawn from where that is one of them. */
interface Analysed {
  version: string | null;
  tables: { name: string; title: string; says: string | null; rows: number; csv: string; parquet: string }[];
  transfer: TransferRow[];
}

export function registerAnalyse(program: Command): void {
  globalOptions(program.command('analyse'))
    .description('the findings of a study, which is run as far as they need it, or of a release')
    .argument('<study|release>', 'study file, or a folder with latest.json')
    .option(
      '--only <finding>',
      `${findings.map(({ name }) => name).join(', ')}; repeated for several (default: those of the study)`,
      repeated,
    )
    .option('--out <dir>', 'folder of a study (default: .atlas/<id of the study>); its tables go to <dir>/tables')
    .addHelpText(
      'after',
      `\nExamples:\n  atlas analyse studies/starter.json\n  atlas analyse .atlas/starter/release --only transfer --json\n\nFindings:\n${findings.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`).join('\n')}`,
    )
    .action(
      action(async (context, options: Options, where: string) => {
        if (!existsSync(where)) {
          throw new UsageError(`There is no ${where}. Give a study file, or the folder of a release.`);
        }
        if (options.only) findFindings(options.only);
        const found = statSync(where).isFile()
          ? await ofStudy(context, where, options)
          : await ofRelease(where, options.only);
        const { version, tables, transfer } = found;
        context.emit({ version, tables });
        const rows = tables.map(({ title, rows, csv, parquet }) => [title, String(rows), here(csv), here(parquet)]);
        const list = table(['', 'rows', 'CSV', 'Parquet'], rows, { right: [1] });
        const matrix = transfer.length > 0 ? `${transferMatrix(transfer)}\n\n` : '';
        context.print(`${matrix}${sentences(tables)}${list}`);
      }),
    );
}

async function ofStudy(context: Context, study: string, { only, out }: Options): Promise<Analysed> {
  const { provider, workers, signal } = context;
  const ran = await runFindings(
    // Standard output is for the findings alone.
    { study, out, provider, workers, signal, onEvent: reporter({ ...context, emit: () => {} }) },
    only,
  );
  const analysed: Analysed = { version: null, tables: [], transfer: [] };
  for (const output of ran.findings) {
    const { name, title, columns, says } = output.result;
    const rows = await readRows(output);
    const rendered = renderTable({ name, title, columns, says, rows });
    const path = (extension: string) => join(ran.out, 'tables', `${name}.${extension}`);
    const [csv, parquet] = [path('csv'), path('parquet')];
    await writeAtomic(csv, rendered.csv);
    await writeAtomic(parquet, rendered.parquet);
    analysed.tables.push({ name, title, says, rows: rows.length, csv, parquet });
    if (name === 'transfer') analysed.transfer = rows as unknown as TransferRow[];
  }
  return analysed;
}

async function ofRelease(folder: string, only: readonly string[] | undefined): Promise<Analysed> {
  const source = await folderSource(folder);
  const { manifest, problems } = await readManifest(source);
  // A key that is not safe is among the problems: it may lead out of the folder.
  if (!manifest || problems.length > 0) {
    const shown = problems.slice(0, 3).map(({ key, problem }) => `${key} ${problem}`);
    throw new AtlasError(
      `The release ${folder} cannot be read: ${shown.join('; ')}. \`atlas verify\` says more; build it again from its study.`,
    );
  }
  const missing = only?.find((name) => !manifest.tables.some((one) => one.name === name));
  if (missing) {
    throw new AtlasError(
      `The release ${folder} has no table "${missing}". Its tables are ${manifest.tables.map(({ name }) => name).join(', ')}; \`atlas analyse <study> --only ${missing}\` makes it from a study.`,
    );
  }
  const path = (key: string) => join(source.root, ...key.split('/'));
  const analysed: Analysed = { version: manifest.version, tables: [], transfer: [] };
  for (const { name, title = name, says = null, rows, csv, parquet } of manifest.tables) {
    if (only && !only.includes(name)) continue;
    analysed.tables.push({ name, title, says, rows, csv: path(csv), parquet: path(parquet) });
    if (name !== 'transfer') continue;
    for (const { record } of manifest.perturbations) {
      const { fooling } = await readJson(path(record), perturbationRecord, 'record');
      for (const row of fooling.evaluation) analysed.transfer.push(row);
    }
  }
  return analysed;
}
