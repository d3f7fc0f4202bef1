/** What the user sees while the local cloud starts. Progress goes to standard error, results to standard output. */
export interface Progress {
  /** Reports that a step begins; the returned function reports that it is done, with an optional remark. */
  step(name: string): (remark?: string) => void;
  /** A part of the step before. */
  detail(name: string, ms: number): void;
  note(line: string): void;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function createProgress(write: (text: string) => void = (text) => void process.stderr.write(text)): Progress {
  return {
    step(name) {
      const started = performance.now();
      return (remark) => {
        const took = seconds(performance.now() - started);
        write(`  ✓ ${name.padEnd(44)} ${took.padStart(7)}${remark ? `  ${remark}` : ''}\n`);
      };
    },
    detail: (name, ms) => write(`      ${name.padEnd(42)} ${seconds(ms).padStart(7)}\n`),
    note: (line) => write(`  ${line}\n`),
  };
}
