/**
 * A process that publishes what it is told to, for a test to kill. Arguments: the bucket's address; credentials come
 * from the environment, as for `atlas`.
 */
import { openBucket, publishRelease } from '../../batch/publish/index.ts';

const bucket = openBucket(process.argv[2]);
process.on('message', async (folder: string) => {
  const outcome = await publishRelease(folder, bucket).then(
    () => 'published',
    (error: Error) => error.message,
  );
  process.send!(outcome);
});
process.on('disconnect', () => process.exit());
process.send!('ready');
