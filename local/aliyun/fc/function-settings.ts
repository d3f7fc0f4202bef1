import * as z from 'zod';
import { invalidArgument } from './fc-errors.ts';

const LOCAL_RUNTIMES = ['custom', 'custom.debian10', 'custom.debian11', 'custom.debian12'] as const;
const MAX_ENVIRONMENT_BYTES = 4096;
const MAX_LAYERS = 5;

const name = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
export const functionName = z
  .string()
  .regex(name, 'must be 1 to 64 letters, digits, underscores or hyphens, and not begin with a digit or hyphen');

const hook = z.looseObject({ handler: z.string().optional(), timeout: z.int().min(1).max(86_400).default(3) });

const runtime = z.string().superRefine((value, context) => {
  if (LOCAL_RUNTIMES.some((known) => known === value)) return;
  context.addIssue({
    code: 'custom',
    message: `'${value}' is not available: the local cloud runs custom runtimes only (${LOCAL_RUNTIMES.join(', ')})`,
  });
});

const environmentVariables = z.record(z.string(), z.string()).superRefine((variables, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message });
  let bytes = 0;
  for (const [key, value] of Object.entries(variables)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(key))
      refuse(`'${key}' must begin with a letter and hold only letters, digits and underscores`);
    if (key.startsWith('FC_')) refuse(`'${key}' is reserved: names must not begin with FC_`);
  }
  if (bytes > MAX_ENVIRONMENT_BYTES) refuse(`the variables are ${bytes} bytes, the limit is ${MAX_ENVIRONMENT_BYTES}`);
});

const twentieths = (value: number) => Math.abs(value * 20 - Math.round(value * 20)) < 1e-9;

/**
 * What a function is configured with, with FC's defaults filled in. Limits are those of CreateFunction's reference;
 * what only matters in the real cloud (network, log and file-system settings) is stored and returned, not acted on.
 */
export const functionSettings = z
  .object({
    description: z.string().optional(),
    runtime,
    handler: z.string().default('index.handler'),
    timeout: z.int().min(1).max(86_400).default(3),
    memorySize: z.int().min(128).max(32_768).multipleOf(64).default(512),
    cpu: z.number().min(0.05).max(16).refine(twentieths, 'must be a multiple of 0.05').optional(),
    diskSize: z.union([z.literal(512), z.literal(10_240)]).default(512),
    instanceConcurrency: z.int().min(1).max(200).default(1),
    role: z.string().optional(),
    environmentVariables: environmentVariables.default({}),
    layers: z.array(z.string()).max(MAX_LAYERS, `at most ${MAX_LAYERS} layers`).default([]),
    customRuntimeConfig: z
      .looseObject({
        command: z.array(z.string()).optional(),
        args: z.array(z.string()).optional(),
        port: z.int().min(1).max(65_535).default(9000),
      })
      .optional(),
    instanceLifecycleConfig: z.looseObject({ initializer: hook.optional(), preStop: hook.optional() }).optional(),
    internetAccess: z.boolean().default(true),
    customDNS: z.unknown().optional(),
    idleTimeout: z.int().optional(),
    logConfig: z.unknown().optional(),
    nasConfig: z.unknown().optional(),
    ossMountConfig: z.unknown().optional(),
    resourceGroupId: z.string().optional(),
    tags: z.array(z.unknown()).optional(),
    tracingConfig: z.unknown().optional(),
    vpcConfig: z.unknown().optional(),
  })
  .transform((settings) => ({ ...settings, cpu: settings.cpu ?? defaultCpu(settings.memorySize) }))
  .superRefine(({ cpu, memorySize }, context) => {
    const ratio = memorySize / 1024 / cpu;
    if (ratio >= 1 && ratio <= 4) return;
    context.addIssue({
      code: 'custom',
      path: ['cpu'],
      message: `the ratio of cpu to memory in GB must be between 1:1 and 1:4, ${cpu} to ${memorySize / 1024} is not`,
    });
  });
export type FunctionSettings = z.output<typeof functionSettings>;

/** 0.35 vCPU for 512 MB, as Serverless Devs fills it in, and in proportion for other sizes. */
function defaultCpu(memorySize: number): number {
  return Math.min(16, Math.max(1, Math.ceil((memorySize / 512) * 0.35 * 20 - 0.5)) / 20);
}

/** Parses a value of a request, or throws FC's `InvalidArgument` naming everything that is wrong with it. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidArgument(
    parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; '),
  );
}
