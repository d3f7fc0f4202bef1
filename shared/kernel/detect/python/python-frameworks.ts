/** How a Python app is served: ASGI and WSGI by a server that is given the app object; `itself` by running the file. */
export type PythonInterface = 'asgi' | 'wsgi' | 'itself';

export interface PythonFramework {
  readonly name: string;
  readonly package: string;
  readonly interface: PythonInterface;
  /** What creates an app object. */
  readonly makes?: readonly string[];
}

/** The most specific first: FastAPI builds on Starlette, Dash on Flask. */
export const pythonFrameworks: readonly PythonFramework[] = [
  { name: 'Django', package: 'django', interface: 'wsgi' },
  { name: 'FastAPI', package: 'fastapi', interface: 'asgi', makes: ['FastAPI'] },
  { name: 'Litestar', package: 'litestar', interface: 'asgi', makes: ['Litestar'] },
  { name: 'Quart', package: 'quart', interface: 'asgi', makes: ['Quart'] },
  { name: 'Starlette', package: 'starlette', interface: 'asgi', makes: ['Starlette'] },
  { name: 'Streamlit', package: 'streamlit', interface: 'itself' },
  { name: 'Gradio', package: 'gradio', interface: 'itself' },
  { name: 'Dash', package: 'dash', interface: 'itself' },
  { name: 'Sanic', package: 'sanic', interface: 'itself', makes: ['Sanic'] },
  { name: 'Flask', package: 'flask', interface: 'wsgi', makes: ['Flask'] },
  { name: 'Bottle', package: 'bottle', interface: 'wsgi', makes: ['Bottle'] },
  { name: 'aiohttp', package: 'aiohttp', interface: 'itself' },
  { name: 'Tornado', package: 'tornado', interface: 'itself' },
  { name: 'CherryPy', package: 'cherrypy', interface: 'itself' },
];
