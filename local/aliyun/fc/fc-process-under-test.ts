import { existsSync } from 'node:fs';
import { server, startFcUnderTest, until } from './fc-under-test.ts';

// A separate process with an emulator in it, to be killed: it accepts an event, prints which process delivers it, and waits.
const [stateDirectory = '', marker = ''] = process.argv.slice(2);
const fc = await startFcUnderTest({ stateDirectory });
await fc.createFunction(
  'interrupted',
  server(
    `if (fs.existsSync(process.env.MARKER)) { console.log('again: ' + body); return response.end(); }
     fs.writeFileSync(process.env.MARKER, '');`,
    `const fs = require('node:fs');`,
  ),
  { timeout: 600, environmentVariables: { MARKER: marker } },
);
await fc.invokeLater('interrupted', 'the event');
await until(() => existsSync(marker));
process.stdout.write(`${[...fc.watched].join(' ')}\n`);
