import { allowed, rooms } from './rooms.mjs';

const HOUSE = '^(shared|batch|workers|site|scripts|test|bench)/';
const exactly = (path) => path.replaceAll('.', '\\.');
/** Where a room is entered: its index.ts, or the one file that is allowed. */
const door = (name) => `^${exactly(name.endsWith('.ts') ? name : `${name}/index.ts`)}$`;

/** The arrows between rooms, made from rooms.mjs: who imports whom, and by the door. See docs/architecture.md. */
export default {
  forbidden: [
    ...rooms.map((entry) => ({
      name: `${entry.room} imports only what rooms.mjs allows`,
      severity: 'error',
      from: { path: `^${entry.room}/` },
      to: { path: HOUSE, pathNot: [`^${entry.room}/`, ...allowed(entry).map(door)] },
    })),
    {
      name: 'shared-has-no-platform',
      severity: 'error',
      from: { path: '^shared/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'benchmarks and scripts enter by the doors',
      severity: 'error',
      from: { path: '^(bench|scripts)/' },
      to: { path: '^(shared|batch)/', pathNot: '^(shared|batch)/[^/]+/index\\.ts$' },
    },
    {
      name: 'only-compute-touches-onnxruntime',
      severity: 'error',
      from: { path: '^batch/', pathNot: '^batch/compute/' },
      to: { path: 'node_modules/onnxruntime' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(cloudflare|node|virtual):|\\?url$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types', 'workerd'],
    },
  },
};
