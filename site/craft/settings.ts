/** The settings of an attack as fields. */
import type { AttackData, SettingData } from './data.ts';
import { make } from './dom.ts';
import type { Settings } from './state.ts';

/** A field for each setting, with its default where nothing is chosen. */
export const settingFields = ({ settings }: AttackData, chosen: Settings): HTMLElement[] =>
  settings.map((setting) => {
    const { name, description } = setting;
    const field = fieldOf(setting, chosen[name]);
    field.name = `set.${name}`;
    field.autocomplete = 'off';
    const says = make('span', {
      className: 'small soft',
      id: `says-${name}`,
      textContent: `${description}${rangeText(setting)}`,
    });
    field.setAttribute('aria-describedby', says.id);
    return make(
      'div',
      { className: 'setting' },
      make('label', {}, make('code', { textContent: name }), ' ', field),
      says,
    );
  });

function fieldOf({ kind, default: usual }: SettingData, value: Settings[string] | undefined) {
  if (kind === 'number' || kind === 'whole')
    return make('input', {
      ...{ type: 'text', inputMode: kind === 'whole' ? 'numeric' : 'decimal' },
      ...{ placeholder: usual === null ? 'left out' : String(usual), value: value === undefined ? '' : String(value) },
    });
  const words = kind === 'flag' ? ['true', 'false'] : kind;
  const select = make(
    'select',
    {},
    ...words.map((word) =>
      make('option', { value: word, textContent: kind === 'flag' ? (word === 'true' ? 'yes' : 'no') : word }),
    ),
  );
  select.value = String(value ?? usual);
  return select;
}

function rangeText({ kind, least, most }: SettingData): string {
  if (typeof kind !== 'string' || kind === 'flag') return '';
  if (least !== undefined && most !== undefined) return ` (${least} to ${most})`;
  return least === undefined ? '' : ` (from ${least})`;
}
