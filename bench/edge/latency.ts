import { ask } from './client.ts';
import { type Peer, startPeer } from './peers.ts';
import { workerdUsage } from './processes.ts';
import { mean, median, printGoal, printTable, quantile, show } from './statistics.ts';

interface Arm {
  name: string;
  once(): Promise<{ milliseconds: number; cpu?: number }>;
  times: number[];
  cpu: number[];
}

/** One request, from its start to the end of its answer; with a body it is a POST. */
async function timed(url: string, body?: Uint8Array<ArrayBuffer>): ReturnType<Arm['once']> {
  const before = workerdUsage();
  const started = performance.now();
  const answer = await fetch(url, { method: body ? 'POST' : 'GET', body });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}.`);
  const milliseconds = performance.now() - started;
  const after = workerdUsage();
  return { milliseconds, cpu: before && after ? after.cpu - before.cpu : undefined };
}

/**
 * Warm latency and CPU of the Worker beside the bare runtimes. Rounds of all are interleaved, so that a machine that is
 * busy for a while slows all alike.
 */
export async function compareLatency(options: {
  url: string;
  photo: Uint8Array<ArrayBuffer>;
  model: { id: string; file: string };
  perturbation: string;
  size: number;
  rounds: number;
}): Promise<void> {
  const { url, photo, model, perturbation, size, rounds } = options;
  const around: number[] = [];
  const inference: number[][] = [[], []];
  const edge = (ids: string[], canvases: 0 | 1) => async () => {
    const before = workerdUsage();
    const { milliseconds, answer } = await ask(url, photo, { model: model.id, perturbation: ids });
    const after = workerdUsage();
    around.push(milliseconds - answer.timings.inference);
    inference[canvases].push(answer.timings.inference);
    return { milliseconds, cpu: before && after ? after.cpu - before.cpu : undefined };
  };
  const [web, node] = [await startPeer('web', model.file, size), await startPeer('node', model.file, size)];
  // What HTTP, logging and the local runtime's own Workers in front of ours cost any request.
  const nothing = () => timed(`${url}/api/v1/health`);
  // No network takes part in it.
  const identify = () => timed(`${url}/api/v1/identify?${new URLSearchParams({ perturbation })}`, photo);
  const bare = (peer: Peer, batch: number) => () => peer.run(batch);
  const arms: Arm[] = [
    ['edge: /health, nothing done', nothing],
    ['edge: clean', edge(['none'], 0)],
    ['edge: clean + perturbed', edge([perturbation], 1)],
    ['onnxruntime-web in Node, 1 canvas', bare(web, 1)],
    ['onnxruntime-web in Node, 2 canvases', bare(web, 2)],
    ['onnxruntime-web in Node, 4 canvases', bare(web, 4)],
    ['onnxruntime-node, 1 thread, 1 canvas', bare(node, 1)],
    ['onnxruntime-node, 1 thread, 2 canvases', bare(node, 2)],
    ['edge: /identify, one perturbation', identify],
  ].map(([name, once]) => ({ name: name as string, once: once as Arm['once'], times: [], cpu: [] }));

  try {
    // V8 compiles WebAssembly anew while it warms up.
    for (let round = -10; round < rounds; round++) {
      if (round === 0) {
        around.length = 0;
        for (const list of inference) list.length = 0;
      }
      for (const arm of arms) {
        const { milliseconds, cpu } = await arm.once();
        if (round < 0) continue;
        arm.times.push(milliseconds);
        if (cpu !== undefined) arm.cpu.push(cpu);
      }
    }
  } finally {
    web.close();
    node.close();
  }

  console.log(`\n${model.id}: milliseconds, ${rounds} interleaved rounds, warm`);
  printTable(
    ['', 'p50', 'p99', 'CPU', 'p50 / bare web'],
    arms.map(({ name, times, cpu }) => {
      const alike = arms.find(
        (arm) => arm.name === `onnxruntime-web in Node, ${/\+|2/.test(name) ? '2 canvases' : '1 canvas'}`,
      );
      const ratio = alike && !/4|health|identify/.test(name) ? median(times) / median(alike.times) : undefined;
      return [
        name,
        show(median(times)),
        show(quantile(times, 0.99)),
        show(cpu.length ? mean(cpu) : undefined),
        show(ratio, 2),
      ];
    }),
  );
  const [one, two] = inference.map(median);
  console.log(`inference alone at the edge: ${show(one)} ms for one canvas, ${show(two)} ms for two`);
  const [idle, single] = arms.map(({ cpu }) => mean(cpu));
  const web1 = mean(arms[3].cpu);
  console.log(
    `CPU beyond bare onnxruntime-web: ${show(single - web1)} ms a request, ${show(idle)} ms of it for HTTP and the log alone`,
  );
  printGoal('everything but inference adds at most 10 ms', `${show(median(around))} ms (p50)`, median(around) <= 10);
  const cost = median(arms[2].times) / median(arms[1].times);
  printGoal(
    'clean + perturbed cost at most 1.9 single requests',
    `${show(cost, 2)}, inference alone ${show(two / one, 2)}`,
    cost <= 1.9,
  );
}
