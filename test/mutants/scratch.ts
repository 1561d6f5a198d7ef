import { execFileSync } from 'node:child_process';
import {
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A copy of the checkout as it is now, with what git does not know yet, to plant mistakes in. Packages are links to
 * those of the checkout, in a folder of its own, so that what tools keep there stays in the copy. A release for the
 * integration tests is taken along where one was made.
 */
export function copyOfCheckout(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'atlas-mutants-'));
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  for (const file of listed.toString().split('\0')) {
    // What was deleted is still listed.
    if (file === '' || !statSync(join(root, file), { throwIfNoEntry: false })?.isFile()) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    copyFileSync(join(root, file), join(copy, file), constants.COPYFILE_FICLONE);
  }
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.') || name === '.bin')
      symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  const release = join('.atlas', 'test');
  if (existsSync(join(root, release))) cpSync(join(root, release), join(copy, release), { recursive: true });
  mkdirSync(join(copy, '.tmp'));
  return copy;
}
