/**
 * Says something when Ctrl-C stops the program, which then ends by the signal, as it would have without a word. Returns how to take it
 * back.
 */
export function onInterrupt(say: () => void): () => void {
  const interrupted = () => {
    say();
    // Nobody listens any longer: this one ends the program, and its parent sees by what.
    process.kill(process.pid, 'SIGINT');
  };
  process.once('SIGINT', interrupted);
  return () => void process.off('SIGINT', interrupted);
}
