/** Runs the parts of a release, many at a time, and says of each how long it took. */
export interface Steps {
  /** Rejects with an error that names the step. `remark` says what came of it. */
  run<Result>(step: string, work: () => Promise<Result>, remark?: (result: Result) => string): Promise<Result>;
}

/** `report` gets one line of JSON a finished step: `{"step":"layer","ms":5,"remark":"as before"}`. */
export function reportSteps(report: (line: string) => void): Steps {
  return {
    async run(step, work, remark) {
      const started = performance.now();
      const result = await work().catch((cause: unknown) => {
        throw new Error(`${step}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      });
      const ms = Math.round(performance.now() - started);
      report(JSON.stringify({ step, ms, ...(remark ? { remark: remark(result) } : {}) }));
      return result;
    },
  };
}
