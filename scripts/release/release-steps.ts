/** Runs the parts of a release, many at a time, and reports how long each took. */
export interface Steps {
  /** Rejects with an error that names the step. `remark` describes the result. */
  run<Result>(step: string, work: () => Promise<Result>, remark?: (result: Result) => string): Promise<Result>;
}

/** `report` gets one line of JSON per finished step: `{"step":"layer","ms":5,"remark":"as before"}`. */
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
