// How many parts a file has, before any of them becomes an object: two bytes are enough for an empty one, which takes a
// hundred times as many, and one for a long integer, which takes thirty.
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { excess } from './limits.ts';

/** What a part costs: a message, or a field that no schema knows, is an object; others are a number or a text. */
const ofMessage = 8;
/** A million messages: the largest networks have a hundred thousand. */
const most = 2 ** 23;
/** Bytes of names and other text, which are read as a whole: some sixty times what the largest networks have. */
const mostText = 2 ** 26;
/** Messages in messages, three of them for each graph inside of a node: far above what is read. */
const deepest = 1000;

const [varint, fixed64, counted, fixed32] = [0, 1, 2, 5];
/** What lies in a field: a message, a list of long integers, text, or something else that is known. */
type Content = DescMessage | 'longs' | 'text' | 'plain';
const fields = new Map<DescMessage, Map<number, Content>>();

function contentOf(field: DescField): Content {
  if (field.message) return field.message;
  if (field.scalar === ScalarType.STRING) return 'text';
  return field.fieldKind === 'list' && field.scalar === ScalarType.INT64 ? 'longs' : 'plain';
}

/** The fields of a message by their numbers. */
function fieldsOf(message: DescMessage): Map<number, Content> {
  const known = fields.get(message);
  if (known) return known;
  const made = new Map(message.fields.map((field) => [field.number, contentOf(field)] as const));
  fields.set(message, made);
  return made;
}

/**
 * Goes through a file by the lengths in it, and counts its parts, the long integers that lie side by side, and its
 * text. What is no protobuf is left to whoever decodes it.
 * @throws GraphError for more of them than any network has, or deeper ones
 */
export function checkParts(bytes: Uint8Array): void {
  let position = 0;
  let cost = 0;
  let text = 0;
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
      cost += typeof inner === 'string' ? 1 : ofMessage;
      const wire = tag % 8;
      if (wire === varint) number(end);
      else if (wire === fixed64) position += 8;
      else if (wire === fixed32) position += 4;
      else if (wire === counted) {
        const until = Math.min(end, number(end) + position);
        if (inner === 'longs') for (; position < until; position++) cost += bytes[position] < 128 ? 1 : 0;
        else if (inner === 'text') text += until - position;
        else if (typeof inner === 'object') walk(inner, until, depth + 1);
        position = until;
      }
      if (text > mostText) throw excess(`has more than ${mostText >> 20} MB of names and other text`);
      if (cost > most) throw excess(`has more than ${most / ofMessage} parts, or ${most} long integers`);
    }
  };
  walk(ModelProtoSchema, bytes.length, 0);
}
