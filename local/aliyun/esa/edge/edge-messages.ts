/** The messages between the control plane and the edge host over IPC (`serialization: 'advanced'`). */

export interface KvEntry {
  readonly namespace: string;
  readonly key: string;
  /** Undefined: the key was deleted. */
  readonly value: Uint8Array | undefined;
  /** Unix time in milliseconds. */
  readonly expiresAt: number | undefined;
}

/** A hostname whose origin is a private OSS bucket. A leading `*.` matches one level and more. */
export interface EdgeRecord {
  readonly hostname: string;
  readonly bucket: string;
}

export interface EdgeRoute {
  readonly siteName: string;
  readonly routine: string;
  readonly rule: string;
  /** Matching requests skip the routine and go to the origin. */
  readonly bypass: boolean;
  /** When the routine fails, the origin answers. */
  readonly fallback: boolean;
}

export interface EdgeZone {
  readonly records: readonly EdgeRecord[];
  /** In the order they are tried. */
  readonly routes: readonly EdgeRoute[];
}

/** A published routine as a classic script; see `routine-script.ts`. */
export interface PublishedRoutine {
  readonly name: string;
  readonly version: string;
  readonly script: string;
}

/** Where private buckets are read, and with which key. */
export interface OssOrigin {
  /** `http://127.0.0.1:{port}`, path style. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken?: string;
  };
}

/** What to purge. Each entry of `content` is a hostname, a URL or a URL prefix, by `type`. */
export interface PurgeTarget {
  readonly type: 'hostname' | 'file' | 'directory' | 'ignoreParams' | 'purgeall';
  readonly content: readonly string[];
  readonly siteName: string;
  /** Also what routines stored through the Cache API. */
  readonly edgeCompute: boolean;
}

export type ToEdge =
  | {
      readonly kind: 'start';
      readonly port: number;
      readonly ossOrigin: OssOrigin;
      readonly zone: EdgeZone;
      readonly routines: readonly PublishedRoutine[];
      readonly kv: readonly KvEntry[];
    }
  | { readonly kind: 'zone'; readonly zone: EdgeZone }
  | { readonly kind: 'routine'; readonly routine: PublishedRoutine }
  | { readonly kind: 'kv'; readonly entry: KvEntry }
  | { readonly kind: 'purge'; readonly taskId: number; readonly target: PurgeTarget }
  | { readonly kind: 'ping' };

export type FromEdge =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'purged'; readonly taskId: number }
  | { readonly kind: 'pong' };
