/**
 * What a Parquet file says of itself, read without believing its lengths: a footer of a few bytes may claim a list of
 * billions. The footer is FileMetaData in Thrift's compact protocol
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md); its field 2 is the schema, whose
 * elements have their type in field 1 and their name in field 4, and field 3 is the number of rows
 * (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
 */

export interface ParquetFooter {
  rows: number;
  /** The physical type of each column, as Parquet calls it. */
  columns: Map<string, string>;
}

const types = ['BOOLEAN', 'INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'];

/** Deeper than any footer: schema elements and statistics lie four deep. */
const DEEPEST = 12;
/** Wider than any table, and longer than any column's name. */
const MOST_COLUMNS = 10_000;
const LONGEST_NAME = 1000;

/** @throws Error where this is no footer. */
export function readFooter(bytes: Uint8Array): ParquetFooter {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length >= 12 ? view.getUint32(bytes.length - 8, true) : 0;
  const mark = new TextDecoder('latin1').decode(bytes.subarray(-4));
  if (mark !== 'PAR1' || length === 0 || length > bytes.length - 12) throw new Error('it is no Parquet file');
  return new Footer(bytes.subarray(bytes.length - 8 - length, bytes.length - 8)).read();
}

/** Every step takes at least one byte, so that a footer takes no more steps than it has bytes. */
class Footer {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Goes through all of it, so that what follows is known to be bounded as well. */
  read(): ParquetFooter {
    let rows: number | null = null;
    const columns = new Map<string, string>();
    this.#fields(0, (id, type) => {
      if (id === 3 && type === 6) rows = Number(this.#integer());
      else if (id === 2 && type === 9) this.#schema(columns);
      else return false;
      return true;
    });
    if (rows === null) throw new Error('its footer has no number of rows');
    return { rows, columns };
  }

  /** Elements without a type are groups, the table itself among them. */
  #schema(columns: Map<string, string>): void {
    const { size, type } = this.#listHead();
    if (type !== 12 || columns.size + size > MOST_COLUMNS)
      throw new Error('its schema is damaged, or of too many columns');
    for (let i = 0; i < size; i++) {
      let name = '';
      let kind: string | undefined;
      this.#fields(2, (id, type) => {
        if (id === 1 && type === 5) kind = types[Number(this.#integer())];
        else if (id === 4 && type === 8) name = this.#text();
        else return false;
        return true;
      });
      if (kind) columns.set(name, kind);
    }
  }

  #fields(depth: number, known: (id: number, type: number) => boolean = () => false): void {
    let id = 0;
    for (;;) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === 0) return;
      const delta = head >> 4;
      id = delta ? id + delta : Number(BigInt.asIntN(32, this.#varint() >> 1n));
      // Whether a field is true or false stands in its type.
      if (type !== 1 && type !== 2 && !known(id, type)) this.#skip(type, depth);
    }
  }

  #skip(type: number, depth: number): void {
    if (depth > DEEPEST) throw new Error('its footer is nested too deeply');
    if (type === 1 || type === 2 || type === 3) this.#byte();
    else if (type >= 4 && type <= 6) this.#varint();
    else if (type === 7) this.#leave(8);
    else if (type === 8) this.#leave(this.#length());
    else if (type === 9 || type === 10) this.#list(depth);
    else if (type === 12) this.#fields(depth + 1);
    else throw new Error('its footer is damaged');
  }

  #list(depth: number): void {
    const { size, type } = this.#listHead();
    for (let i = 0; i < size; i++) this.#skip(type, depth + 1);
  }

  #listHead(): { size: number; type: number } {
    const head = this.#byte();
    return { size: head >> 4 === 15 ? this.#length() : head >> 4, type: head & 0x0f };
  }

  #text(): string {
    const length = this.#length();
    if (length > LONGEST_NAME) throw new Error('its footer names a column at too great a length');
    const start = this.#at;
    this.#leave(length);
    return new TextDecoder().decode(this.#bytes.subarray(start, this.#at));
  }

  #integer(): bigint {
    const zigzag = this.#varint();
    return (zigzag >> 1n) ^ -(zigzag & 1n);
  }

  /** A count of things of which each takes a byte or more. */
  #length(): number {
    const length = this.#varint();
    if (length > this.#bytes.length - this.#at) throw new Error('its footer is cut off');
    return Number(length);
  }

  #leave(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) throw new Error('its footer is cut off');
    this.#at += bytes;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error('its footer is damaged');
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new Error('its footer is cut off');
    return this.#bytes[this.#at++];
  }
}
