import * as z from 'zod';
import { parseCronExpression } from './cron-expression.ts';
import { invalidArgument } from './fc-errors.ts';
import { parseInput } from './function-settings.ts';
import { type JwtAuthentication, parseJwtAuthentication } from './jwt-authentication.ts';

export const triggerName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/,
    'must be 1 to 128 letters, digits, underscores or hyphens, and not begin with a digit or hyphen',
  );

export interface HttpTriggerConfig {
  readonly type: 'http';
  readonly methods: readonly string[];
  readonly disableUrlInternet: boolean;
  /** Undefined for `anonymous`. */
  readonly jwt: JwtAuthentication | undefined;
}
export interface TimerTriggerConfig {
  readonly type: 'timer';
  readonly cronExpression: string;
  readonly enable: boolean;
  readonly payload: string;
}
export type TriggerConfig = HttpTriggerConfig | TimerTriggerConfig;

const httpMethod = z.enum(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']);
const httpConfig = z.looseObject({
  // `function` is FC's default; it is explicit here so that a forgotten type is refused and not let in.
  authType: z.string().default('function'),
  authConfig: z.string().optional(),
  methods: z.array(httpMethod).min(1),
  disableURLInternet: z.boolean().default(false),
});
const timerConfig = z.looseObject({
  cronExpression: z.string(),
  enable: z.boolean().default(false),
  payload: z.string().default(''),
});

/**
 * Reads `triggerConfig`, which is a JSON string inside the JSON of the request. Throws `InvalidArgument`, also for what
 * FC has and the local cloud does not: a trigger that silently never fires would be worse.
 */
export function parseTriggerConfig(triggerType: string, triggerConfig: string): TriggerConfig {
  const value = parseJson(triggerConfig);
  switch (triggerType) {
    case 'http': {
      const config = parseInput(httpConfig, value);
      return {
        type: 'http',
        methods: config.methods,
        disableUrlInternet: config.disableURLInternet,
        jwt: parseAuthentication(config.authType, config.authConfig),
      };
    }
    case 'timer': {
      const { cronExpression, enable, payload } = parseInput(timerConfig, value);
      parseCronExpression(cronExpression, 0);
      return { type: 'timer', cronExpression, enable, payload };
    }
    default:
      throw invalidArgument(`triggerType '${triggerType}': the local cloud has triggers of type http and timer only`);
  }
}

/** `authType` of an HTTP trigger or a custom domain, with the JSON string that configures it. */
export function parseAuthentication(authType: string, authConfig: string | undefined): JwtAuthentication | undefined {
  if (authType === 'anonymous') return undefined;
  if (authType === 'jwt') return parseJwtAuthentication(parseJson(authConfig ?? ''));
  throw invalidArgument(`authType '${authType}': the local cloud has anonymous and jwt only`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidArgument(`'${text}' is not a JSON string`);
  }
}
