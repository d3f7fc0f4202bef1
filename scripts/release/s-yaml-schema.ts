import * as z from 'zod';

// What s.yaml may say: those properties of fc3 (schema of 0.1.22, github.com/devsapp/fc3, src/schema.json) and fc3-domain
// (0.0.29) that both `s deploy` and our deployer know, within the limits of CreateFunction's reference. fc3's own schema
// accepts unknown keys, and any trigger configuration; here every key that is not named is refused.

const name = (length: number) => z.string().regex(new RegExp(`^[A-Za-z_][A-Za-z0-9_-]{0,${length - 1}}$`));
const twentieths = (value: number) => Math.abs(value * 20 - Math.round(value * 20)) < 1e-9;
const method = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** FC allows 4 KB, names and values together (its documentation, "Environment variables"). */
const MAX_ENVIRONMENT_BYTES = 4096;

const environmentVariables = z.record(z.string(), z.string()).superRefine((variables, context) => {
  let bytes = 0;
  for (const [key, value] of Object.entries(variables)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(key) || key.startsWith('FC_'))
      context.addIssue({ code: 'custom', message: `'${key}' cannot be the name of a variable` });
  }
  if (bytes > MAX_ENVIRONMENT_BYTES)
    context.addIssue({ code: 'custom', message: `${bytes} bytes, the limit is ${MAX_ENVIRONMENT_BYTES}` });
});

const httpTrigger = z.strictObject({
  triggerName: name(128),
  triggerType: z.literal('http'),
  triggerConfig: z.strictObject({
    authType: z.literal('anonymous'),
    methods: z.array(method).min(1),
    disableURLInternet: z.boolean(),
  }),
});
const timerTrigger = z.strictObject({
  triggerName: name(128),
  triggerType: z.literal('timer'),
  triggerConfig: z.strictObject({
    cronExpression: z.string().regex(/^(@every \d+[smh]|(\S+ ){5}\S+)$/, 'must be @every or six fields, with seconds'),
    enable: z.boolean(),
    payload: z.string().optional(),
  }),
});

const functionProps = z
  .strictObject({
    region: z.string().regex(/^[a-z]{2}-[a-z0-9-]+$/),
    functionName: name(64),
    description: z.string().max(256),
    runtime: z.literal('custom.debian11'),
    handler: z.string().min(1),
    code: z.string().regex(/^\.\/dist\/functions\/[a-z-]+\.zip$/),
    cpu: z.number().min(0.05).max(16).refine(twentieths, 'must be a multiple of 0.05'),
    memorySize: z.int().min(128).max(32_768).multipleOf(64),
    diskSize: z.union([z.literal(512), z.literal(10_240)]),
    timeout: z.int().min(1).max(86_400),
    instanceConcurrency: z.int().min(1).max(200),
    concurrencyConfig: z.strictObject({ reservedConcurrency: z.int().min(1) }),
    customRuntimeConfig: z.strictObject({ command: z.array(z.string()).min(1), port: z.literal(9000) }),
    layers: z.array(z.string().regex(/^acs:fc:[^:]+:[^:]+:layers\/[^/]+\/versions\/\d+$/)).max(5),
    role: z.string().regex(/^acs:ram::\d+:role\/.+$/),
    vpcConfig: z.strictObject({
      vpcId: z.string().min(1),
      vSwitchIds: z.array(z.string().min(1)).min(1),
      securityGroupId: z.string().min(1),
    }),
    internetAccess: z.boolean(),
    logConfig: z.strictObject({
      project: z.string().min(1),
      logstore: z.string().min(1),
      enableRequestMetrics: z.boolean(),
      enableInstanceMetrics: z.boolean(),
      logBeginRule: z.enum(['DefaultRegex', 'None']),
    }),
    instanceLifecycleConfig: z.strictObject({
      preStop: z.strictObject({ handler: z.string().min(1), timeout: z.int().min(1).max(90) }),
    }),
    environmentVariables,
    triggers: z.array(z.discriminatedUnion('triggerType', [httpTrigger, timerTrigger])).optional(),
    asyncInvokeConfig: z
      .strictObject({
        maxAsyncRetryAttempts: z.int().min(0).max(8),
        maxAsyncEventAgeInSeconds: z.int().min(1).max(604_800),
      })
      .optional(),
  })
  .superRefine(({ cpu, memorySize }, context) => {
    const ratio = memorySize / 1024 / cpu;
    if (ratio < 1 || ratio > 4)
      context.addIssue({ code: 'custom', path: ['cpu'], message: 'there must be 1 to 4 GB of memory for one vCPU' });
  });
export type FunctionProps = z.output<typeof functionProps>;

const domainProps = z.strictObject({
  region: z.string(),
  domainName: z.string().regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/),
  protocol: z.enum(['HTTP', 'HTTPS', 'HTTP,HTTPS']),
  routeConfig: z.strictObject({
    routes: z
      .array(
        z.strictObject({
          path: z.string().regex(/^\/[^*]*\*?$/),
          functionName: name(64),
          qualifier: z.literal('LATEST'),
        }),
      )
      .min(1),
  }),
});
export type DomainProps = z.output<typeof domainProps>;

const resource = z.discriminatedUnion('component', [
  z.strictObject({ component: z.literal('fc3'), props: functionProps }),
  z.strictObject({ component: z.literal('fc3-domain'), props: domainProps }),
]);

const sYaml = z.strictObject({
  edition: z.literal('3.0.0'),
  name: z.literal('miaobu'),
  access: z.string(),
  vars: z.record(z.string(), z.unknown()),
  resources: z.record(z.string(), resource).superRefine((resources, context) => {
    for (const key of Object.keys(resources)) {
      if (/^[a-z_]+_(function|domain)$/.test(key)) continue;
      const message = 'its key must end in _function or _domain: one that is a command of `s` would be run as that';
      context.addIssue({ code: 'custom', path: [key], message });
    }
  }),
});

/** The document, expressions filled in. Throws one error with everything that is wrong; values are not shown. */
export function parseSYaml(document: unknown): z.output<typeof sYaml> {
  const parsed = sYaml.safeParse(document);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`s.yaml: ${problems.join('; ')}`);
}
