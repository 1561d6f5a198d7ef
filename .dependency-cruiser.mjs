/** The arrows between rooms: data flows one way, and a room is entered by its door. See docs/architecture.md. */
export default {
  forbidden: [
    {
      name: 'shared-imports-nobody',
      comment: 'shared/ has no platform in it and depends on no other room.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(batch|workers|site|scripts|test|bench)/' },
    },
    {
      name: 'shared-has-no-platform',
      severity: 'error',
      from: { path: '^shared/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'rooms-never-import-each-other',
      comment: 'A release is the only thing that batch hands to workers and site.',
      severity: 'error',
      from: { path: '^(batch|workers|site)/' },
      to: { path: '^(batch|workers|site|scripts|test|bench)/', pathNot: '^$1/' },
    },
    {
      name: 'shared-by-its-doors',
      comment: 'Other rooms import a room of shared/ from its index.ts.',
      severity: 'error',
      from: { pathNot: '^(shared|test)/' },
      to: { path: '^shared/', pathNot: '^shared/[^/]+/index\\.ts$' },
    },
    {
      name: 'batch-by-its-doors',
      severity: 'error',
      from: { path: '^batch/([^/]+)/' },
      to: { path: '^batch/[^/]+/.', pathNot: '^batch/($1/|[^/]+/index\\.ts$)' },
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
