import { parse } from 'yaml';
import * as z from 'zod';

/** What one run of a workflow is given. */
export interface WorkflowRun {
  readonly id: number;
  readonly inputs: Readonly<Record<string, string>>;
  /** Aborts when the run is cancelled. */
  readonly signal: AbortSignal;
  /** A folder of its own, empty, removed afterwards. */
  readonly directory: string;
  /** Where to append what the run prints; kept. */
  readonly logFile: string;
}

export interface WorkflowResult {
  readonly conclusion: 'success' | 'failure' | 'cancelled';
  readonly exitCode: number | null;
}

/** Does what the jobs of a workflow would do. A rejection counts as a failure. */
export type WorkflowRunner = (run: WorkflowRun) => Promise<WorkflowResult>;

export interface Workflow {
  /** The workflow file's YAML: its `run-name` and the `inputs` of `workflow_dispatch` hold here as on GitHub. */
  readonly definition: string;
  readonly runner: WorkflowRunner;
}

export interface WorkflowDefinition {
  readonly name: string;
  /** Title of a run: `run-name` with its `${{ inputs.x }}` filled in. */
  title(inputs: Readonly<Record<string, string>>): string;
  readonly inputs: Readonly<Record<string, { readonly required: boolean; readonly default: string | undefined }>>;
}

const input = z.object({
  required: z.boolean().default(false),
  default: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
});
const definition = z.object({
  name: z.string().optional(),
  'run-name': z.string().optional(),
  on: z.object({
    workflow_dispatch: z
      .object({
        inputs: z
          .record(
            z.string(),
            input.nullable().transform((value) => value ?? { required: false }),
          )
          .default({}),
      })
      .nullable()
      .transform((value) => value ?? { inputs: {} }),
  }),
});

/** Reads a workflow file. Throws with the file's name when it cannot be dispatched. */
export function readWorkflowDefinition(file: string, text: string): WorkflowDefinition {
  const parsed = definition.safeParse(parse(text));
  if (!parsed.success) {
    throw new Error(`workflow ${file} cannot be started by workflow_dispatch: ${z.prettifyError(parsed.error)}`);
  }
  const { name = file, 'run-name': runName = name, on } = parsed.data;
  const inputs = Object.entries(on.workflow_dispatch.inputs).map(([key, value]) => [
    key,
    { required: value.required, default: 'default' in value ? value.default : undefined },
  ]);
  return {
    name,
    inputs: Object.fromEntries(inputs),
    title: (values) => runName.replace(/\$\{\{\s*inputs\.([\w-]+)\s*\}\}/g, (_, key: string) => values[key] ?? ''),
  };
}
