import type { BuildKind, DecidedSettings } from './detect-build.ts';
import type { NodeServerSearch } from './node/find-node-server.ts';
import { withoutAssignments } from './node/unwrap-script.ts';
import type { PythonApp } from './python/find-python-app.ts';

export interface DecidedKind {
  readonly kind: BuildKind;
  /** For the user; undefined when there was nothing to decide. */
  readonly why: string | undefined;
  /** There were alternatives. */
  readonly unsure: boolean;
}

const PYTHON_PROGRAM =
  /^(?:python[\d.]*|gunicorn|uvicorn|hypercorn|daphne|granian|flask|fastapi|streamlit|sanic|waitress-serve)(?:\s|$)/;

/** Site, Node.js or Python: according to the settings, else to what was found to answer requests. */
export function decideKind(
  { runtime, start_command, output_directory }: DecidedSettings,
  node: NodeServerSearch | undefined,
  python: PythonApp | undefined,
): DecidedKind {
  const sure = (kind: BuildKind, why?: string): DecidedKind => ({ kind, why, unsure: false });
  if (runtime !== null) return sure(runtime, 'The settings name the runtime.');
  if (start_command !== null) {
    const command = withoutAssignments(start_command.trim());
    if (command === '') return sure('static', 'The settings say that no program is started.');
    const isPython = PYTHON_PROGRAM.test(command) || (node === undefined && python !== undefined);
    return sure(isPython ? 'python' : 'node', 'The settings say how it is started.');
  }
  if (output_directory !== null) return sure('static', 'The settings name an output directory: it is a site.');

  const isNode = node?.server !== undefined;
  const isPython = python?.server !== undefined;
  if (isNode && isPython) {
    const why = 'There is a program for Node.js and one for Python; if the other one is meant, set the runtime.';
    return { kind: node.library === undefined && python.framework ? 'python' : 'node', why, unsure: true };
  }
  if (isNode) return sure('node');
  if (isPython) return sure('python');
  // A framework without a visible use: publishing its sources as a site would expose private files.
  if (python?.framework && node?.server === undefined && node?.isSite !== true) return sure('python');
  return sure('static', node?.remark);
}
