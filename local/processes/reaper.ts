import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Kills what this process started, should this process end without doing so itself. */
export interface Reaper {
  /** `pid` leads a process group of its own (it was spawned `detached`): the whole group dies with us. */
  watch(pid: number): void;
  /** Of this process only, and by SIGINT: it ends by itself, in order, some time after us. */
  askToEnd(pid: number): void;
  release(pid: number): void;
  /** Kills whatever is still watched and ends the reaper. */
  close(): Promise<void>;
}

/**
 * Reads `+pid`, `?pid` and `-pid` until the pipe ends, which it does when the other end dies, in whatever way; then kills
 * the remaining groups, and asks the other processes to end. A shell needs one megabyte where Node needs forty. Ctrl-C
 * reaches a terminal's whole foreground; the reaper is in a session of its own, and also ignores signals that can be
 * ignored.
 */
const program = `
trap '' HUP INT QUIT TERM PIPE
watched=' '
asked=' '
while read -r line; do
  pid="\${line#?}"
  case "$line" in
    +*) watched="$watched$pid " ;;
    '?'*) asked="$asked$pid " ;;
    -*)
      case "$watched" in *" $pid "*) watched="\${watched%%" $pid "*} \${watched#*" $pid "}" ;; esac
      case "$asked" in *" $pid "*) asked="\${asked%%" $pid "*} \${asked#*" $pid "}" ;; esac ;;
  esac
done
for pid in $watched; do
  kill -s KILL -- "-$pid"
  kill -s KILL -- "$pid"
done
for pid in $asked; do kill -s INT -- "$pid"; done
`;

/** Starts the reaper. It never keeps this process from ending. */
export function startReaper(): Reaper {
  const reaper = spawn('/bin/sh', ['-c', program], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    cwd: '/',
    detached: true,
  });
  const ended = once(reaper, 'exit');
  let closing = false;
  reaper.once('exit', (code, signal) => {
    if (!closing) process.emitWarning(`the reaper ended (${signal ?? code}): child processes may outlive this one`);
  });
  // If the reaper has ended, a warning has already been given.
  reaper.stdin.on('error', () => {});
  reaper.unref();
  unrefPipe(reaper.stdin);

  const tell = (sign: '+' | '?' | '-', pid: number) => {
    // To kill(2), 0 and -1 are whole groups: our own, and everything there is.
    if (!Number.isInteger(pid) || pid <= 1) throw new RangeError(`${pid} is not the id of a child process`);
    reaper.stdin.write(`${sign}${pid}\n`);
  };
  return {
    watch: (pid) => tell('+', pid),
    askToEnd: (pid) => tell('?', pid),
    release: (pid) => tell('-', pid),
    async close() {
      closing = true;
      reaper.ref();
      reaper.stdin.end();
      await ended;
    },
  };
}

function unrefPipe(pipe: object): void {
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
}
