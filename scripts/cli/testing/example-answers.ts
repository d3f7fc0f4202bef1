import type { Deployment } from '@miaobu/shared/contracts/deployments';
import type { Project } from '@miaobu/shared/contracts/projects';

export const exampleProject = (changes: Partial<Project> = {}): Project => ({
  id: 'prj_01k0000000e0080000000000000',
  slug: 'site',
  name: 'site',
  repository: 'demo/site',
  branch: 'main',
  url: 'http://site.sites.localhost:7080',
  settings: {
    root_directory: '',
    install_command: null,
    build_command: null,
    output_directory: null,
    node_version: null,
    spa: null,
  },
  watch_paths: null,
  current_deployment_id: null,
  created_at: '2026-01-02T03:04:05.000Z',
  updated_at: '2026-01-02T03:04:05.000Z',
  ...changes,
});

export const exampleDeployment = (changes: Partial<Deployment> = {}): Deployment => ({
  id: 'dep_01k0000000e0080000000000000',
  project_id: 'prj_01k0000000e0080000000000000',
  environment: 'production',
  status: 'queued',
  reason: null,
  reason_message: null,
  current: false,
  pinned: false,
  trigger: 'import',
  branch: 'main',
  commit_sha: '0123456789abcdef0123456789abcdef01234567',
  commit_message: 'Add the first page',
  commit_author: 'demo',
  url: 'http://site.sites.localhost:7080',
  queue_position: null,
  attempt: 1,
  files: null,
  bytes: null,
  build_seconds: null,
  created_at: '2026-01-02T03:04:05.000Z',
  activated_at: null,
  published_at: null,
  live_everywhere_at: null,
  finished_at: null,
  ...changes,
});

export const deployedDeployment = (changes: Partial<Deployment> = {}): Deployment =>
  exampleDeployment({
    status: 'deployed',
    current: true,
    files: 5,
    bytes: 4096,
    build_seconds: 0.4,
    activated_at: '2026-01-02T03:04:08.000Z',
    published_at: '2026-01-02T03:04:08.500Z',
    finished_at: '2026-01-02T03:04:08.500Z',
    ...changes,
  });
