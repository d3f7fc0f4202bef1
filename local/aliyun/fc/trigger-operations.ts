import * as z from 'zod';
import type { Operation } from './control-plane.ts';
import { invalidArgument } from './fc-errors.ts';
import type { FunctionRecords } from './function-records.ts';
import { parseInput } from './function-settings.ts';
import type { TimerTriggers } from './timer-triggers.ts';
import { parseTriggerConfig, triggerName } from './trigger-config.ts';
import type { TriggerRecord, TriggerRecords } from './trigger-records.ts';

const latest = z.literal('LATEST', 'the local cloud has no versions and aliases: use LATEST').optional();
const createInput = z.object({
  triggerName,
  triggerType: z.string(),
  triggerConfig: z.string('must be a JSON string'),
  description: z.string().optional(),
  qualifier: latest,
});
const updateInput = z.object({
  triggerConfig: z.string('must be a JSON string').optional(),
  description: z.string().optional(),
  qualifier: latest,
});

export interface TriggerOperationsOptions {
  readonly functions: FunctionRecords;
  readonly triggers: TriggerRecords;
  readonly timers: TimerTriggers;
  readonly urlOf: (trigger: TriggerRecord) => string | undefined;
  readonly arnOf: (functionName: string) => string;
}

export function triggerOperations({
  functions,
  triggers,
  timers,
  urlOf,
  arnOf,
}: TriggerOperationsOptions): Operation[] {
  const describe = (trigger: TriggerRecord) => {
    const url = urlOf(trigger);
    const { triggerId, triggerName: name, triggerConfig, description, createdTime, lastModifiedTime } = trigger;
    return {
      triggerId,
      triggerName: name,
      triggerType: trigger.config.type,
      triggerConfig,
      description,
      qualifier: 'LATEST',
      ...(url !== undefined && { httpTrigger: { urlInternet: url, urlIntranet: url } }),
      targetArn: arnOf(trigger.functionName),
      status: 'OK',
      createdTime,
      lastModifiedTime,
    };
  };
  /** One HTTP trigger, or triggers of other types: a public request must not be able to look like an event. */
  const checkTogether = (functionName: string, type: string) => {
    const others = triggers.list(functionName).map(({ config }) => config.type);
    if (type === 'http' && others.includes('http'))
      throw invalidArgument(`function '${functionName}' has an HTTP trigger already`);
    if (others.length > 0 && (type === 'http') !== others.includes('http'))
      throw invalidArgument(`function '${functionName}' cannot have an HTTP trigger beside triggers of other types`);
  };
  const find = (call: Parameters<Operation['run']>[0]) => {
    const { functionName } = functions.get(call.parameter('functionName'));
    return triggers.get(functionName, call.parameter('triggerName'));
  };

  return [
    {
      method: 'POST',
      path: '/functions/:functionName/triggers',
      run(call) {
        const { functionName } = functions.get(call.parameter('functionName'));
        const { triggerName: name, triggerType, triggerConfig, description } = parseInput(createInput, call.json());
        const config = parseTriggerConfig(triggerType, triggerConfig);
        if (!triggers.list(functionName).some((trigger) => trigger.triggerName === name))
          checkTogether(functionName, config.type);
        const trigger = triggers.create(functionName, name, { config, triggerConfig, description });
        timers.arm(trigger);
        return { status: 200, json: describe(trigger) };
      },
    },
    {
      method: 'GET',
      path: '/functions/:functionName/triggers',
      run(call) {
        const { functionName } = functions.get(call.parameter('functionName'));
        return { status: 200, json: { triggers: triggers.list(functionName).map(describe) } };
      },
    },
    {
      method: 'GET',
      path: '/functions/:functionName/triggers/:triggerName',
      run: (call) => ({ status: 200, json: describe(find(call)) }),
    },
    {
      method: 'PUT',
      path: '/functions/:functionName/triggers/:triggerName',
      run(call) {
        const before = find(call);
        const input = parseInput(updateInput, call.json());
        const triggerConfig = input.triggerConfig ?? before.triggerConfig;
        const config = parseTriggerConfig(before.config.type, triggerConfig);
        const description = input.description ?? before.description;
        const trigger = triggers.update(before.functionName, before.triggerName, {
          config,
          triggerConfig,
          description,
        });
        timers.arm(trigger);
        return { status: 200, json: describe(trigger) };
      },
    },
    {
      method: 'DELETE',
      path: '/functions/:functionName/triggers/:triggerName',
      run(call) {
        const trigger = find(call);
        triggers.delete(trigger.functionName, trigger.triggerName);
        timers.disarm(trigger.functionName, trigger.triggerName);
        return { status: 204 };
      },
    },
  ];
}
