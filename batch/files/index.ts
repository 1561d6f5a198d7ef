/** Files as every room of batch needs them: written whole or not at all, read within a bound and through a schema. */
export { DownloadError, type DownloadProgress, downloadFile, hashFile } from './download.ts';
export { parseWith, readJson, readJsonValue } from './json.ts';
export { watchPace } from './pace.ts';
export { LARGEST_FILE, readBytes, readStart, reasonOf, sizeOf } from './read.ts';
export { faultsOf } from './schema.ts';
export { writeAtomic } from './write.ts';
