// Python's pickle, protocols 2 to 5 (https://github.com/python/cpython/blob/main/Lib/pickletools.py), as far as
// torch.save uses it for tensors and dicts of them. Nothing is called: a name is kept as a name and a call as a call,
// so that a reader can look at them and refuse.
import { FormatError } from '#shared/formats';

/** A name that the file refers to, such as torch._utils._rebuild_tensor_v2. */
export class Global {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

/** A call that the file asks for and that is not made. */
export class Reduced {
  readonly call: Global;
  readonly args: Pickled[];
  /** What was set on the result afterwards. */
  readonly entries: [Pickled, Pickled][] = [];
  constructor(call: Global, args: Pickled[]) {
    this.call = call;
    this.args = args;
  }
}

/** A reference to what lies outside of the pickle. */
export class Stored {
  readonly id: Pickled[];
  constructor(id: Pickled[]) {
    this.id = id;
  }
}

export type Pickled = null | boolean | number | string | Pickled[] | Map<Pickled, Pickled> | Global | Reduced | Stored;

/**
 * Names that may stand in the file: those of tensors, and of what people save beside them (types, numbers, options,
 * paths), which is passed over. Any other is refused at once.
 */
const known = new RegExp(
  `^(${[
    'torch\\._utils\\._rebuild_(tensor_v2|parameter)',
    'torch\\.(\\w+Storage|Size|device|(bfloat|float|u?int|complex)\\d*|bool|half|double|long|short)',
    'collections\\.(OrderedDict|defaultdict|Counter)',
    'numpy\\.(dtype|ndarray|_?core\\.multiarray\\.(scalar|_reconstruct))',
    '(builtins|__builtin__)\\.(set|frozenset|dict|list|int|float|complex|bytearray)',
    '_codecs\\.encode|argparse\\.Namespace|pathlib\\.\\w*Path|datetime\\.(datetime|timedelta|date)',
  ].join('|')})$`,
);

/** Each may make an object of hundreds of bytes from one: as many as JSON may hold. */
const MOST_STEPS = 1_000_000;

const damaged = () => new FormatError('This pickle is damaged. Save it again.');

/**
 * @throws FormatError for a name that is not known, for an opcode that is not read here, for a file that ends early,
 * and for one of more than a million steps.
 */
export function unpickle(bytes: Uint8Array): Pickled {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const memo = new Map<number, Pickled>();
  const stack: Pickled[] = [];
  /** How high the stack was where each mark was set. */
  const marks: number[] = [];
  let at = 0;

  const byte = () => {
    if (at >= bytes.length) throw new FormatError('This pickle is cut off. Save it again.');
    return bytes[at++];
  };
  const skip = (length: number) => {
    at += length;
  };
  const uint32 = () => {
    skip(4);
    return view.getUint32(at - 4, true);
  };
  const text = (length: number) => {
    at += length;
    return decoder.decode(bytes.subarray(at - length, at));
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    const found = text((end < 0 ? bytes.length : end) - at);
    at++;
    return found;
  };
  const pop = () => {
    const top = stack.pop();
    if (top === undefined) throw damaged();
    return top;
  };
  const sinceMark = () => {
    const height = marks.pop();
    if (height === undefined || height > stack.length) throw damaged();
    return stack.splice(height);
  };
  const last = (count: number) => {
    if (count > stack.length) throw damaged();
    return stack.splice(-count);
  };
  const nameOnStack = () => {
    const text = pop();
    if (typeof text !== 'string') throw damaged();
    return text;
  };
  const name = (module: string, attribute: string) => {
    const path = `${module}.${attribute}`;
    if (known.test(path)) return new Global(path);
    throw new FormatError(
      `This file refers to ${path}, which is no part of a tensor: it is not read, and nothing in it is run. Save the tensor alone, or as .npy.`,
    );
  };
  const set = (pairs: Pickled[]) => {
    const target = stack.at(-1);
    for (let i = 0; i < pairs.length; i += 2) {
      if (target instanceof Map) target.set(pairs[i], pairs[i + 1]);
      else if (target instanceof Reduced) target.entries.push([pairs[i], pairs[i + 1]]);
    }
  };
  const append = (items: Pickled[]) => {
    const target = stack.at(-1);
    if (Array.isArray(target)) for (const item of items) target.push(item);
  };
  const asList = (value: Pickled) => (Array.isArray(value) ? value : []);
  const integer = (length: number) => {
    let value = 0n;
    for (let i = 0; i < length; i++) value |= BigInt(byte()) << BigInt(8 * i);
    return Number(BigInt.asIntN(8 * length, value));
  };

  const reduce = () => {
    const args = asList(pop());
    const call = pop();
    if (!(call instanceof Global)) throw new FormatError('This pickle calls what is no name. It is not read.');
    stack.push(new Reduced(call, args));
  };
  /** What is passed over stands there as nothing. */
  const pass = (length: number) => {
    skip(length);
    stack.push(null);
  };
  const uint64 = () => {
    skip(8);
    return Number(view.getBigUint64(at - 8, true));
  };

  const opcodes = new Map<number, () => void>([
    [0x80, () => void byte()], // PROTO
    [0x95, () => void skip(8)], // FRAME
    [0x28, () => void marks.push(stack.length)], // MARK
    [0x29, () => void stack.push([])], // EMPTY_TUPLE
    [0x5d, () => void stack.push([])], // EMPTY_LIST
    [0x7d, () => void stack.push(new Map())], // EMPTY_DICT
    [0x4e, () => void stack.push(null)],
    [0x88, () => void stack.push(true)],
    [0x89, () => void stack.push(false)],
    [0x4a, () => void stack.push(uint32() | 0)], // BININT
    [0x4b, () => void stack.push(byte())], // BININT1
    [0x4d, () => void stack.push(byte() | (byte() << 8))], // BININT2
    [0x8a, () => void stack.push(integer(byte()))], // LONG1
    [0x8b, () => pass(uint32())], // LONG4
    [0x55, () => pass(byte())], // SHORT_BINSTRING
    [0x54, () => pass(uint32())], // BINSTRING
    [0x43, () => pass(byte())], // SHORT_BINBYTES
    [0x42, () => pass(uint32())], // BINBYTES
    [0x8e, () => pass(uint64())], // BINBYTES8
    [0x96, () => pass(uint64())], // BYTEARRAY8
    [0x8f, () => void stack.push([])], // EMPTY_SET
    [0x90, () => void sinceMark()], // ADDITEMS: to a set
    [0x91, () => void stack.push(sinceMark())], // FROZENSET
    [0x30, () => void pop()], // POP
    [0x31, () => void sinceMark()], // POP_MARK
    [0x32, () => void stack.push(stack.at(-1) ?? null)], // DUP
    [
      0x47,
      () => {
        at += 8;
        stack.push(view.getFloat64(at - 8, false)); // BINFLOAT
      },
    ],
    [0x58, () => void stack.push(text(uint32()))], // BINUNICODE
    [0x8c, () => void stack.push(text(byte()))], // SHORT_BINUNICODE
    [0x74, () => void stack.push(sinceMark())], // TUPLE
    [0x85, () => void stack.push(last(1))], // TUPLE1
    [0x86, () => void stack.push(last(2))], // TUPLE2
    [0x87, () => void stack.push(last(3))], // TUPLE3
    [0x71, () => void memo.set(byte(), stack.at(-1) ?? null)], // BINPUT
    [0x72, () => void memo.set(uint32(), stack.at(-1) ?? null)], // LONG_BINPUT
    [0x94, () => void memo.set(memo.size, stack.at(-1) ?? null)], // MEMOIZE
    [0x68, () => void stack.push(memo.get(byte()) ?? null)], // BINGET
    [0x6a, () => void stack.push(memo.get(uint32()) ?? null)], // LONG_BINGET
    [0x61, () => append([pop()])], // APPEND
    [0x65, () => append(sinceMark())], // APPENDS
    [0x73, () => set(last(2))], // SETITEM
    [0x75, () => set(sinceMark())], // SETITEMS
    [0x62, () => void pop()], // BUILD: the state of an object that is never made
    [0x63, () => void stack.push(name(line(), line()))], // GLOBAL
    [
      0x93,
      () => {
        const attribute = nameOnStack();
        stack.push(name(nameOnStack(), attribute)); // STACK_GLOBAL
      },
    ],
    [0x51, () => void stack.push(new Stored(asList(pop())))], // BINPERSID
    [0x52, () => reduce()], // REDUCE
    [0x81, () => reduce()], // NEWOBJ
  ]);

  for (let step = 0; ; step++) {
    if (step === MOST_STEPS)
      throw new FormatError(
        `This pickle has more than ${MOST_STEPS} steps, where a tensor takes some fifty. Save the perturbation alone.`,
      );
    const opcode = byte();
    if (opcode === 0x2e) return pop();
    const run = opcodes.get(opcode);
    if (!run) {
      throw new FormatError(
        `This pickle holds more than a tensor (opcode 0x${opcode.toString(16)}), and is not read. Save the tensor alone, or as .npy.`,
      );
    }
    if (at > bytes.length) throw new FormatError('This pickle is cut off. Save it again.');
    run();
  }
}
