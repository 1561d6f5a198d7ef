/** What the page that crafts may choose from: made at build time, so that it comes without the attacks' code. */
import { type Attack, attacks, citation, describeSettings } from '#shared/attacks';
import { epsilonRange, tamperedClass } from '#shared/release';
import type { AttackData, CraftData, SettingData } from './craft/data.ts';
import { nameOfPhoto } from './photos/names.ts';
import { type Atlas, dataUrl } from './release.ts';

/** null for a release without a network. */
export function craftData({ manifest }: Atlas): CraftData | null {
  const smallest = manifest.models.toSorted((a, b) => a.bytes - b.bytes)[0];
  if (!smallest) return null;
  const { canvas } = manifest;
  return {
    ...{ canvas, fit: manifest.fit ?? 'crop' },
    models: manifest.models.map(({ card, key, sha256, bytes, labels }) => ({
      ...{ id: card.id, title: card.title, classes: card.classes, sha256 },
      graph: { url: dataUrl(key), bytes },
      labels: { url: dataUrl(labels) },
      ...(card.hardened && { tampered: tamperedClass(card) }),
      source: card.source.sha256,
      preprocessing: card.preprocessing,
    })),
    photos: manifest.photos.map(({ file, key }) => ({
      ...{ name: file, url: dataUrl(key), shows: nameOfPhoto(file, { manifest }) },
    })),
    attacks: attackData(),
    usual: { inf: epsilonRange('inf', canvas).usual, '2': epsilonRange('2', canvas).usual },
    start: { network: smallest.card.id, attack: 'house' },
  };
}

/** Every attack that crafts on a network, our own recipe first. */
export function attackData(): AttackData[] {
  const crafting = [...attacks.values()].filter(({ usesModel }) => usesModel);
  const house = (attack: Attack) => Number(attack.name === 'house');
  return crafting
    .sort((a, b) => house(b) - house(a))
    .map((attack) => ({
      ...{ name: attack.name, summary: attack.summary, paper: attack.paper && citation(attack.paper) },
      settings: describeSettings(attack).flatMap((setting) => settingData(setting) ?? []),
    }));
}

/** null for what only several surrogates at once have a use for. */
function settingData({
  name,
  default: given,
  description,
  schema,
}: ReturnType<typeof describeSettings>[number]): SettingData | null {
  if (name === 'ensemble') return null;
  const { type, enum: words, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema as JsonSchema;
  const kind = words ?? (type === 'boolean' ? 'flag' : type === 'integer' ? 'whole' : 'number');
  const least = minimum ?? exclusiveMinimum;
  const most = maximum ?? exclusiveMaximum;
  return {
    ...{ name, default: given as SettingData['default'], description, kind },
    ...(least !== undefined && { least }),
    ...(most !== undefined && most < Number.MAX_SAFE_INTEGER && { most }),
  };
}

interface JsonSchema {
  type?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}
