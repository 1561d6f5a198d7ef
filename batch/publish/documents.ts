/** The texts of a release, for people and for the catalogues that read them. */
import { type ControlSpread, type ControlSummary, summariseControls } from '#shared/metrics';
import type { TransferRow } from '#shared/release';
import type { ContentModel, ContentPerturbation, ReleaseContent } from './content.ts';
import { markdown, markdownLines, oneLine } from './markdown.ts';
import type { RenderedTable } from './tables.ts';

/** Licences whose text has one address that everybody uses. Others are named, not linked. */
const licenceUrls: Record<string, string> = {
  'CC-BY-4.0': 'https://creativecommons.org/licenses/by/4.0/legalcode',
  'CC-BY-SA-4.0': 'https://creativecommons.org/licenses/by-sa/4.0/legalcode',
  'CC0-1.0': 'https://creativecommons.org/publicdomain/zero/1.0/legalcode',
};

export const licenceUrl = (id: string) => licenceUrls[id] ?? `https://spdx.org/licenses/${encodeURIComponent(id)}.html`;

/** One line for each model and its licence. */
const modelLicences = (models: ContentModel[]) =>
  models.map(({ card }) =>
    oneLine(`- ${card.title} (${card.id}): ${card.licence}${card.credit ? `. ${card.credit}` : ''}`),
  );

/** Perturbations that others made, one line each. */
function givenLicences(perturbations: readonly ContentPerturbation[], of: (line: string) => string): string[] {
  const given = perturbations.flatMap(({ record: { id, credit } }) =>
    credit ? [of(oneLine(`- ${id}: ${credit.author}, ${credit.licence}, ${credit.source}`))] : [],
  );
  return given.length > 0 ? ['Perturbations that others made, with their previews:', ...given, ''] : [];
}

export function licenceText({ study, models, perturbations, photos }: ReleaseContent): string {
  const { licence } = study.release;
  return `${[
    `"${oneLine(study.title)}": perturbations, records and tables`,
    '',
    `The perturbations, their previews and records, and the tables of this release are licensed under ${oneLine(licence)}:`,
    licenceUrl(licence),
    '',
    'What others made keeps its own licence.',
    '',
    ...givenLicences(perturbations, (line) => line),
    'Models, prepared (preprocessing put into the graph, weights unchanged):',
    ...modelLicences(models),
    ...(photos.length > 0
      ? [
          '',
          'Photos, and the pictures made from them (photos/*.png, perturbations/*/examples/*.png):',
          ...photos.map(({ credit }) =>
            oneLine(`- ${credit.file}: ${credit.author}, ${credit.licence}, ${credit.source}`),
          ),
        ]
      : []),
  ].join('\n')}\n`;
}

export function citationFile({ study }: ReleaseContent, version: string): string {
  const text = (value: string) => JSON.stringify(value);
  return `${[
    'cff-version: 1.2.0',
    'message: If you use these perturbations or tables, please cite them, and the papers of the attacks and models.',
    `title: ${text(study.title)}`,
    'type: dataset',
    'authors:',
    '  - name: The Perturbation Atlas authors',
    `version: ${text(version)}`,
    ...(study.release.date ? [`date-released: ${study.release.date}`] : []),
    // CFF knows SPDX identifiers only; anything else is said in LICENSE alone.
    ...(/^[A-Za-z0-9.+-]+$/.test(study.release.licence) ? [`license: ${study.release.licence}`] : []),
    ...(study.description ? [`abstract: ${text(study.description)}`] : []),
  ].join('\n')}\n`;
}

/** README.md with the front matter of a Hugging Face data card. */
export function readme(content: ReleaseContent, version: string, tables: RenderedTable[]): string {
  const { study, models, perturbations, photos } = content;
  const transfer = perturbations.flatMap(({ record }) => record.fooling.evaluation);
  const count = transfer[0]?.photos ?? 0;
  return `${[
    '---',
    `pretty_name: ${JSON.stringify(study.title)}`,
    `license: ${JSON.stringify(study.release.licence.toLowerCase())}`,
    'task_categories:',
    '  - image-classification',
    'tags:',
    '  - adversarial-examples',
    '  - universal-adversarial-perturbations',
    '  - robustness',
    '  - onnx',
    'configs:',
    ...tables.flatMap(({ name }, place) => [
      `  - config_name: ${name}`,
      `    data_files: tables/${name}.parquet`,
      ...(place === 0 ? ['    default: true'] : []),
    ]),
    '---',
    '',
    `# ${markdown(study.title)}`,
    '',
    ...(study.description ? [markdownLines(study.description), ''] : []),
    `Release ${version}${study.release.date ? ` of ${study.release.date}` : ''}: ${perturbations.length} universal perturbations measured on ${models.length} image classifiers. A universal perturbation is`,
    'one small image that, added to almost any photo, changes what a classifier sees in it. The **fooling ratio** is the share of photos whose',
    `predicted label changes, whatever the right label is. It is measured on ${count} photos that no perturbation was crafted on, on whole pixel values.`,
    ...unpublishedText(content),
    '',
    '## Fooling ratios',
    '',
    ...ratios(content, transfer),
    '',
    '## What is here',
    '',
    '| | |',
    '|---|---|',
    '| `manifest.json` | every file with its key, SHA-256, size and type; models, perturbations, tables, photos |',
    '| `SHA256SUMS` | `sha256sum -c SHA256SUMS` in this folder checks every file but the next, the models in `../../models` included |',
    '| `run.json` | when, how long and where it was made. The same study made again on the same provider differs in this file and in `manifest.json`, which lists it, and in nothing else |',
    `| \`perturbations/<id>/perturbation.npy\` | float32 [3,${study.canvas},${study.canvas}], RGB, in units of 0..255; \`.safetensors\` beside it |`,
    '| `perturbations/<id>/record.json` | everything needed to make it again, and what it does |',
    '| `perturbations/<id>/growth.png` | how it grew: its middle, after the numbers of gradients that the record names |',
    '| `perturbations/<id>/examples/*.png` | photos with it, exact to the bit |',
    ...tables.map(({ name, title, rows }) => `| \`tables/${name}.csv\`, \`.parquet\` | ${title} (${rows} rows) |`),
    "| | in CSV, a text that a spreadsheet would take for a formula has a `'` before it |",
    '| `labels/<model>.json` | labels by class index |',
    '| `study.json` | the study that all of it was made from |',
    '| `croissant.json` | this data set for machines: Croissant 1.1, which is schema.org too |',
    ...(photos.length > 0
      ? ['| `photos/` | evaluation photos that may be shown; author, licence and source of each in `photos.json` |']
      : []),
    '',
    '## Use',
    '',
    '```python',
    'import numpy, onnxruntime',
    `v = numpy.load("perturbations/${perturbations[0]?.record.id ?? '<id>'}/perturbation.npy")`,
    `# photo: float32 [3,${study.canvas},${study.canvas}], RGB, 0..255`,
    'perturbed = numpy.floor(numpy.clip(photo + v, 0, 255) + 0.5).astype(numpy.float32)',
    `session = onnxruntime.InferenceSession("../../models/${models[0]?.sha256 ?? '<sha256>'}.onnx")  # ${oneLine(models[0]?.card.title ?? '').replaceAll('`', "'")}`,
    'logits = session.run(None, {"canvas": perturbed[None]})[0]',
    '```',
    '',
    'Models take the canvas as it is; resizing, mean, standard deviation and channel order are inside the graph.',
    '',
    '## Limits',
    '',
    `The intervals cover the choice of the ${count} photos, and nothing else: other photos, other seeds and other settings of an attack give other ratios.`,
    'The perturbations are published for research on robustness: to measure, explain and defend.',
    '',
    '## Licences',
    '',
    `Perturbations, records and tables: ${markdown(study.release.licence)}. Models and photos keep their own; \`LICENSE\` lists them.`,
    '',
    ...givenLicences(perturbations, (line) => `- ${markdown(line.slice(2))}`),
    ...modelLicences(models).map((line) => `- ${markdown(line.slice(2))}`),
    '',
    `Made on the provider ${markdown(content.provider)}; \`run.json\` says when, where and by which commit of the code.`,
  ].join('\n')}\n`;
}

/** Of those that tables have rows of and that are not here. */
function unpublishedText({ unpublished = [] }: ReleaseContent): string[] {
  if (unpublished.length === 0) return [];
  const named = unpublished.map(({ id, credit }) =>
    markdown(credit ? `${id} (${credit.author}, ${credit.source})` : id),
  );
  return [
    '',
    `Tables also have rows of perturbations that others made and that are not published here: ${named.join('; ')}.`,
  ];
}

const percent = (ratio: number) => `${(100 * ratio).toFixed(1)} %`;

/** The transfer table with what each ratio has to be read beside. */
function ratios({ perturbations }: ReleaseContent, transfer: TransferRow[]): string[] {
  const rows = transfer.map((row) => {
    const of = perturbations.find(({ record }) => record.id === row.perturbation)?.record.fooling.controls ?? [];
    return { row, summary: summariseControls(of.filter(({ target }) => target === row.target)) };
  });
  const held = rows.filter(({ summary }) => summary);
  const heads = ['crafted on', 'attack', 'bound', 'seed', 'tried on', 'fooling ratio', 'interval', 'noise'];
  if (held.length > 0) heads.push('4 x 4 blocks', 'phase twin');
  return [
    'The interval is the 95 % Wilson interval. Noise is random noise of the same bound: what a ratio has to be read beside.',
    ...(held.length > 0 ? controlWords(held) : []),
    '',
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => '---').join('|')}|`,
    ...rows.map(({ row, summary }) => {
      const bound = `${row.norm === 'inf' ? 'l-inf' : 'l2'} ${row.epsilon}`;
      const { noise, blocks, 'phase-twin': twin } = summary?.spreads ?? {};
      const cells = [
        ...[markdown(row.surrogate), markdown(row.attack), bound, row.seed, markdown(row.target)],
        ...[percent(row.ratio), `${percent(row.low)} – ${percent(row.high)}`],
        noise ? spread(noise) : percent(row.noise),
        ...(held.length > 0 ? [blocks ? spread(blocks) : '', twin ? spread(twin) : ''] : []),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}

const spread = ({ draws, mean, lowest, highest }: ControlSpread) =>
  draws === 1 ? percent(mean) : `${percent(mean)} (${draws} draws, ${percent(lowest)} – ${percent(highest)})`;

/** What the controls are, and which perturbations do not beat them. */
function controlWords(held: { row: TransferRow; summary: ControlSummary | null }[]): string[] {
  const beaten = held.filter(({ summary }) => !summary?.beatsAll);
  const named = beaten.slice(0, 20).map(({ row }) => `${markdown(row.perturbation)} on ${markdown(row.target)}`);
  const more = beaten.length - named.length;
  return [
    'Sign noise is a weak control, so there are two more of the same size that nothing was crafted into: a random sign for each 4 x 4 pixels, and the',
    "perturbation's phase twin, which has its values and its spectrum but random phases. A perturbation beats them where it fools more photos than every draw",
    'of every one, by the exact McNemar test on the same photos at 5 % each time.',
    beaten.length === 0
      ? `All ${held.length} ratios of crafted perturbations do.`
      : `Of the ${held.length} ratios of crafted perturbations, ${beaten.length} do **not**: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`,
  ];
}
