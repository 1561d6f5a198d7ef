import type { Compute, GradientTask, LogitsTask } from '#shared/compute';

/** A compute that does all that it is asked, and writes down what that was: places and pictures as they were then. */
export function watched(compute: Compute) {
  const gradients: (GradientTask & { v: Float32Array })[] = [];
  const logits: LogitsTask[] = [];
  const kept = (v: LogitsTask['v']) => (Array.isArray(v) ? v.map((one) => one.slice()) : v?.slice());
  const watching: Compute = {
    provider: compute.provider,
    workers: compute.workers,
    profile: compute.profile,
    microBatch: compute.microBatch,
    logits(task) {
      logits.push({ ...task, v: kept(task.v) });
      return compute.logits(task);
    },
    gradient(task) {
      gradients.push({ ...task, v: task.v.slice() });
      return compute.gradient(task);
    },
    classGradients: (task) => compute.classGradients(task),
    release: (key) => compute.release(key),
    close: () => compute.close(),
  };
  return { compute: watching, gradients, logits };
}
