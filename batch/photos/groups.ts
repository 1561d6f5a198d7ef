/** Photos of one thing, which stay on one side of the split: `groups.json` in their folder says which. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '#shared/errors';
import type { Groups } from '#shared/photos';
import { readJson } from '../files/index.ts';

/** Lists of file names. */
const schema = z.array(z.array(z.string()).min(2, 'a group has two file names or more'));

/** What the file is called. */
export const groupsFile = 'groups.json';

/**
 * The groups of a folder; none where it has no such file.
 * @throws UsageError for a file that is none of this form, and for a photo in two groups.
 */
export async function groupsIn(folder: string): Promise<Groups> {
  const path = join(folder, groupsFile);
  const groups = new Map<string, string>();
  if (!existsSync(path)) return groups;
  for (const names of await readJson(path, schema, 'list of groups of photos')) {
    for (const name of names) {
      if (groups.has(name)) {
        throw new UsageError(
          `${path} names the photo ${name} twice. A photo is in one group: join the two groups, or take it out of one.`,
        );
      }
      groups.set(name, names[0]);
    }
  }
  return groups;
}
