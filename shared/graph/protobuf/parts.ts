// How many parts a file has, before any of them becomes an object: two bytes are enough for an empty one, which takes a
// hundred times as many.
import type { DescMessage } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { excess } from './limits.ts';

/** What a part costs: a message, or a field that no schema knows, is an object; others are a number or a text. */
const ofMessage = 8;
/** A million messages: the largest networks have a hundred thousand. */
const most = 2 ** 23;
/** Messages in messages, three of them for each graph inside of a node: far above what is read. */
const deepest = 1000;

const [varint, fixed64, counted, fixed32] = [0, 1, 2, 5];
/** The fields of a message by their numbers: the message that lies in each, null for numbers and texts. */
const fields = new Map<DescMessage, Map<number, DescMessage | null>>();

function fieldsOf(message: DescMessage): Map<number, DescMessage | null> {
  const known = fields.get(message);
  if (known) return known;
  const made = new Map(message.fields.map((field) => [field.number, field.message ?? null] as const));
  fields.set(message, made);
  return made;
}

/**
 * Goes through a file by the lengths in it and counts. What is no protobuf is left to whoever decodes it.
 * @throws GraphError for more parts than any network has, or deeper ones
 */
export function checkParts(bytes: Uint8Array): void {
  let position = 0;
  let cost = 0;
  const number = (end: number): number => {
    let value = 0;
    for (let scale = 1; position < end; scale *= 128) {
      const byte = bytes[position++];
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  const walk = (message: DescMessage, end: number, depth: number): void => {
    if (depth > deepest) throw excess(`has messages in more than ${deepest} others`);
    const known = fieldsOf(message);
    while (position < end) {
      const tag = number(end);
      const inner = known.get(Math.floor(tag / 8));
      cost += inner === null ? 1 : ofMessage;
      if (cost > most) throw excess(`has more than ${most / ofMessage} parts`);
      const wire = tag % 8;
      if (wire === varint) number(end);
      else if (wire === fixed64) position += 8;
      else if (wire === fixed32) position += 4;
      else if (wire === counted) {
        const until = Math.min(end, number(end) + position);
        if (inner) walk(inner, until, depth + 1);
        position = until;
      }
    }
  };
  walk(ModelProtoSchema, bytes.length, 0);
}
